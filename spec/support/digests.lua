--- The objects and answers of the locations in spec/http/body_digest.conf.
local body_digest = require("resty.openclaw.body_digest")
local body_key = require("resty.openclaw.core.request.body_key")
local canonical = require("resty.openclaw.core.text.json.canonical")
local checks = require("resty.openclaw.checks")
local digest = require("resty.openclaw.core.bytes.digest")
local request_body = require("resty.openclaw.core.request.request_body")
local time_slice = require("resty.openclaw.core.time.time_slice")

local _M = {
    md5 = body_digest.new(),
    sha256 = body_digest.new({ algorithm = "sha256" }),
    limited = body_digest.new({ max_bytes = 1000 }),
    early = body_digest.new({ max_bytes = 4 * 1024 * 1024 }),
    image = checks.new({ content_types = { "image/jpeg", "image/png" } }),
}

local function answer(...)
    local text = table.concat({ ... }, "|")
    ngx.header["Content-Length"] = #text
    ngx.print(text)
    ngx.exit(200)
end

--- As if no `set` in nginx.conf had declared its variable.
_M.undeclared = body_digest.new()
_M.undeclared.variable = "no_such_variable"

--- Answers with what the access phase has set, and where nginx has the body.
function _M.show()
    local var = ngx.var
    local where = ngx.req.get_body_file() and "file" or ngx.req.get_body_data() and "memory" or "nowhere"
    answer(var.request_body_md5, var.request_body_sha256, var.request_body_digest_skip, where)
end

--- Answers with what `set` made of the digest.
function _M.show_key()
    answer(ngx.var.spec_key, ngx.var.request_body_digest_skip)
end

--- Another nginx that shares client_body_temp_path has taken the name of this body's file: an image of the same length.
function _M.occupy()
    local path = ngx.req.get_body_file()
    if path == nil or _M.other_body == nil then return end
    local file = assert(io.open(path, "wb"))
    file:write(_M.other_body)
    file:close()
    _M.occupied, _M.other_body = path, nil
end

local read_body, get_body_file = ngx.req.read_body, ngx.req.get_body_file

--- As ngx_lua 0.10.26 for HTTP/2.
local function refuse() error("http2 requests are not supported without content-length header") end

-- luacheck: push ignore 122
function _M.break_read_body() ngx.req.read_body, ngx.req.get_body_file = refuse, refuse end

function _M.mend_read_body() ngx.req.read_body, ngx.req.get_body_file = read_body, get_body_file end
-- luacheck: pop

local function collect(pieces, bytes, count)
    pieces[#pieces + 1] = require("ffi").string(bytes, count)
end

--- Answers with how many pieces there were, the longest, whether that took no Lua string of the body, and all of them.
function _M.pieces(piece_bytes)
    local body = assert(request_body.read())
    local pieces, longest = {}, 0
    assert(body.bytes == assert(request_body.each(body, collect, pieces, piece_bytes)))
    for _, piece in ipairs(pieces) do
        longest = math.max(longest, #piece)
    end
    answer(#pieces, longest, tostring(body.memory ~= nil and body.copy == nil), table.concat(pieces))
end

function _M.first()
    local body = assert(request_body.read())
    answer(body.bytes, assert(request_body.first(body, tonumber(ngx.var.arg_most))))
end

local md5 = digest.new("md5")
local json_settings = canonical.settings(32 * 1024 * 1024, {})

local function key_of_body()
    local body = assert(request_body.read())
    return body_key.of(body, ngx.var.arg_kind, md5, json_settings, ngx.var.http_content_type)
end

--- Answers with the outcome and the key.
function _M.body_key()
    local outcome, key = key_of_body()
    answer(outcome, tostring(key))
end

--- How often another light thread has its turn during the work.
local function turns_during(work)
    ngx.req.read_body()
    local turns, done = 0, false
    local watcher = ngx.thread.spawn(function()
        while not done do
            turns = turns + 1
            time_slice.yield_now()
        end
    end)
    work()
    done = true
    ngx.thread.wait(watcher)
    return turns
end

--- Answers with how often another light thread had its turn while the body was digested.
function _M.turns()
    answer(turns_during(function() _M.md5:access() end))
end

--- The same of its key.
function _M.body_key_turns()
    answer(turns_during(function() assert(key_of_body() == "keyed") end))
end

--- Kills the light thread that makes the digest while it waits for its next turn.
function _M.killed()
    ngx.req.read_body()
    local thread = ngx.thread.spawn(_M.md5.access, _M.md5)
    ngx.sleep(0)
    assert(coroutine.status(thread) == "running")
    assert(ngx.thread.kill(thread))
    collectgarbage()
    answer("killed")
end

return _M
