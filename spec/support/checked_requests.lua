--- The plugins of the locations in spec/http/checks.conf.
local checks = require("resty.openclaw.checks")
local json = require("resty.openclaw.checks.json")
local request_body = require("resty.openclaw.core.request.request_body")
local time_slice = require("resty.openclaw.core.time.time_slice")

local TYPES = { "image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff" }
local EVERYTHING = {
    "application/json", "application/pdf", "application/gzip", "application/zip", "audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg",
    "audio/wav", "video/mp4", "video/webm",
}
for _, media_type in ipairs(TYPES) do EVERYTHING[#EVERYTHING + 1] = media_type end

local _M = {
    photo = checks.new({ content_types = { "image/jpeg", "image/png" } }),
    any_image = checks.new({ content_types = TYPES }),
    sized = checks.new({ image = { max_pixels = 2000, max_side = 100 } }),
    everything = checks.new({ content_types = EVERYTHING }),
    methods = checks.new({ methods = { "GET", "POST", "POST" } }),
    post = checks.new({ methods = { "POST" } }),
    length = checks.new({ max_body_bytes = 1000 }),
    json = checks.new({ json = { max_depth = 4, max_members = 5, max_bytes = 200000, unique_names = true } }),
    wide = checks.new({ json = { max_bytes = 10 * 1024 * 1024, max_members = 1e9 } }),
    json_or_image = checks.new({ json = { max_bytes = 100 }, image = {} }),
    example = checks.new({
        methods = { "POST", "PUT" }, max_body_bytes = 10485760, content_types = { "image/jpeg", "image/png" }, json = { max_depth = 32 },
        image = { max_pixels = 40000000, max_side = 16384 },
    }),
}

--- What a location does: the plugin that its path names, then an answer with where the body was.
function _M.access()
    _M[ngx.var.uri:match("[^/]+$")]:access()
end

function _M.passed()
    ngx.say("passed, ", ngx.req.get_body_file() and "file" or "no file")
end

--- As `access`, where the body's file is empty once its length is known.
function _M.cut_short()
    local read = request_body.read
    -- luacheck: push ignore 122
    request_body.read = function()
        request_body.read = read
        local body = assert(read())
        io.open(body.file, "w"):close()
        return body
    end
    -- luacheck: pop
    _M.access()
end

--- Checks the body as JSON, without nginx's copy of one in memory. Answers with how often others had their turn meanwhile, and the
-- longest time without, in milliseconds.
function _M.slices()
    local body = assert(request_body.read())
    local turns, longest, done = 0, 0, false
    local before
    local watcher = ngx.thread.spawn(function()
        while not done do
            turns = turns + 1
            before = os.clock()
            time_slice.yield_now()
            longest = math.max(longest, os.clock() - before)
        end
    end)
    local reason = json.check(_M.wide.settings.json, body)
    done = true
    ngx.thread.wait(watcher)
    ngx.say(turns, " ", longest * 1e3, " ", reason or "fine")
    ngx.exit(200)
end

return _M
