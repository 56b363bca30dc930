--- What the checks cost a request in µs of CPU time, beside nginx's own work to read the body: each is called again and again in the
-- access phase of a real request. Run by checks.mjs.
local checks = require("resty.openclaw.checks")
local contents = require("resty.openclaw.checks.contents")
local request_body = require("resty.openclaw.core.request.request_body")

local LOOPS, ROUNDS = 20000, 9

local _M = {}

local TYPES = { "image/jpeg", "image/png" }

local cases = {
    methods = { { "method and length", { methods = { "POST" }, max_body_bytes = 10485760 } } },
    json = {
        { "JSON", { json = {} } },
        { "JSON, `unique_names`", { json = { unique_names = true } } },
    },
    image = {
        { "type", { content_types = TYPES } },
        { "type and size", { content_types = TYPES, image = {} } },
    },
}
for _, list in pairs(cases) do for _, case in ipairs(list) do case.plugin = checks.new(case[2]) end end

local function microseconds(work, ...)
    -- A loop of its own, so that cases do not share compiled traces.
    local loop = loadstring("local work, count, a, b, c = ... for _ = 1, count do work(a, b, c) end")
    loop(work, 3000, ...)
    local taken = {}
    for round = 1, ROUNDS do
        local start = os.clock() -- of this process, so that others do not count
        loop(work, LOOPS, ...)
        taken[round] = (os.clock() - start) / LOOPS * 1e6
    end
    table.sort(taken)
    return taken[1]
end

--- The rows of the table for the request's body. Phases: access.
function _M.run(name, what)
    -- Once, as in a request: where the body came in several reads, nginx makes a copy of it each time that it is asked.
    local body = assert(request_body.read())
    local rows = {}
    for _, case in ipairs(cases[name]) do
        local plugin = case.plugin
        local cost
        if plugin.settings.types then cost = microseconds(contents.check, plugin.settings, plugin.settings.types, body)
        else cost = microseconds(plugin.access, plugin) end
        rows[#rows + 1] = ("| %s, %s | %s | %.2f |\n"):format(what, body.file and "in a file" or "in memory", case[1], cost)
    end
    ngx.print(rows)
    ngx.exit(200)
end

return _M
