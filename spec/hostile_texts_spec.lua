-- What comes from outside may be made to cost. Each place is given the worst texts we know, once and twice as long: twice the
-- length may take twice the work, not four times. Work is counted, not timed, so that no machine is too slow for it.
local responses = require("resty.openclaw.http_client.response")
local claims = require("resty.openclaw.identity.claim")
local deadline_header = require("resty.openclaw.deadline.header")
local entries = require("resty.openclaw.balancer.discovery.entries")
local key_entries = require("resty.openclaw.auth.api_key.entries")
local key_expiry = require("resty.openclaw.auth.api_key.expiry")
local names = require("resty.openclaw.balancer.discovery.name")
local negotiation = require("resty.openclaw.metrics.negotiation")
local path = require("resty.openclaw.admin.path")
local pattern_work = require("spec.support.pattern_work")
local readers = require("resty.openclaw.http_client.reader")
local retry_after = require("resty.openclaw.core.http.retry_after")
local target = require("resty.openclaw.http_client.target")
local texts = require("resty.openclaw.core.text.text")
local token = require("resty.openclaw.core.request.operator_access.token")
local upstream_tries = require("resty.openclaw.core.request.upstream_tries")
local utf8 = require("resty.openclaw.core.text.utf8")

local LETTERS = 4000

--- Texts that are long in every way that some pattern of ours may mind.
local function hostile(count)
    local found = {
        "x" .. (" "):rep(count) .. "y", (" "):rep(count), (" "):rep(count) .. ";", "1" .. (" "):rep(count) .. "2",
        ("1"):rep(count) .. "x", "1." .. ("1"):rep(count) .. "x", ("1."):rep(count / 2), "1" .. ("0"):rep(count) .. ";sent=x",
        (","):rep(count), (", "):rep(count / 2), ("1,"):rep(count / 2) .. "2", ("a"):rep(count) .. ", ", (" :"):rep(count / 2),
        (";"):rep(count), (";k=a"):rep(count / 4), (";s=a"):rep(count / 4) .. "x", ("a=b;"):rep(count / 4), "%" .. ("%4"):rep(count / 2),
        ("a."):rep(count / 2), ("-"):rep(count), ("."):rep(count), ("/"):rep(count), ("["):rep(count), "[" .. ("]"):rep(count) .. "x",
        ("\255"):rep(count), ("\195\164"):rep(count / 2) .. "\255", ("\t "):rep(count / 2) .. "\1", ('"'):rep(count), ("{"):rep(count),
        "Bearer" .. (" "):rep(count), "text/plain" .. (" ;"):rep(count / 2), "text/plain;q=" .. ("0"):rep(count) .. "x",
        "http://" .. ("a:"):rep(count / 2), "http://[" .. (":]"):rep(count / 2), ("a 1 b\n"):rep(count / 6), ("a "):rep(count / 2),
    }
    return found
end

--- Asks for the work of each text and of the same at twice the length.
local function check(work)
    local once, twice = hostile(LETTERS), hostile(2 * LETTERS)
    for index, text in ipairs(once) do
        local little = pattern_work.of(function() work(text) end)
        local much = pattern_work.of(function() work(twice[index]) end)
        -- What is done whatever the text is, is no matter of its length.
        assert.is_true(much <= 2.6 * little + 500, ("%d steps, then %d: %q"):format(little, much, text:sub(1, 20)))
    end
end

--- An answer as a node sends it, from a socket that has all of it at once.
local function read_answer(text)
    local at = 1
    local socket = {
        settimeout = function() end,
        receiveany = function(_, most)
            if at > #text then return nil, "closed" end
            local piece = text:sub(at, at + most - 1)
            at = at + #piece
            return piece
        end,
    }
    local reader = readers.new(socket, 1000, require("resty.openclaw.core.time.clock").now() + 1000)
    return responses.read(reader, "GET", 1048576, false)
end

describe("the work that texts from outside take grows with their length alone", function()
    local places = {
        ["a header of an answer"] = function(text) read_answer("HTTP/1.1 200 OK\r\nA: " .. text .. "\r\n\r\n") end,
        ["a header's name"] = function(text) read_answer("HTTP/1.1 200 OK\r\n" .. text .. ": a\r\n\r\n") end,
        ["Content-Length"] = function(text) read_answer("HTTP/1.1 200 OK\r\nContent-Length: " .. text .. "\r\n\r\n") end,
        ["Content-Length that begins well"] = function(text)
            read_answer("HTTP/1.1 200 OK\r\nContent-Length: 1, 1" .. text .. "\r\n\r\nx")
        end,
        ["Connection"] = function(text)
            read_answer("HTTP/1.1 200 OK\r\nConnection: " .. text .. "\r\nContent-Length: 0\r\n\r\n")
        end,
        ["Transfer-Encoding"] = function(text) read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: " .. text .. "\r\n\r\n") end,
        ["a status line"] = function(text) read_answer("HTTP/1.1 200 " .. text .. "\r\n\r\n") end,
        ["chunks"] = function(text)
            read_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" .. text:sub(1, 1000) .. "\r\nx\r\n0\r\n" .. text .. "\r\n")
        end,
        ["a URL"] = function(text)
            target.parse(text)
            target.is_host(text)
            target.is_address(text)
        end,
        ["a deadline"] = function(text) deadline_header.seconds_given(text, 1, 1) end,
        ["Retry-After"] = retry_after.seconds,
        ["an identity"] = function(text)
            claims.split(text)
            claims.read(text)
            claims.read("a;t=" .. text)
            claims.subject_of(text)
            claims.encode(text)
        end,
        ["Accept"] = function(text) negotiation.choose(text) end,
        ["a path of the admin API"] = function(text) path.parts("/openclaw/upstreams", "/openclaw/upstreams/" .. text) end,
        ["a name of a node"] = function(text)
            names.parse(text)
            names.is_host(text)
            names.parse("_http._tcp." .. text)
        end,
        ["addresses kept for a name"] = entries.from_text,
        ["the tries of a request"] = function(text)
            upstream_tries.last(text)
            upstream_tries.parse(text, text, text)
            upstream_tries.tried(text)
        end,
        ["a text that may be no UTF-8"] = function(text)
            utf8.clean(text)
            utf8.cut(text, 100)
        end,
        ["a token"] = function(text)
            local digest = { of = function() return "" end }
            token.matches({ digest = digest, expected = "x" }, text, true)
        end,
        ["a file of API keys"] = function(text)
            local line = text:gsub("\n", " ") .. "\n"
            local start = "a " .. ("0"):rep(64) .. " "
            key_entries.parse(line, function() end)
            for _, name in ipairs({ "", "class=", "rate=", "routes=", "expires=" }) do
                key_entries.parse(start .. name .. line, function() end)
            end
            key_expiry.parse(text)
        end,
        ["what the ground takes apart"] = function(text)
            texts.trim(text)
            texts.split(text, ",")
            texts.decimal(text)
        end,
    }
    for place, work in pairs(places) do
        it("in " .. place, function() check(work) end)
    end
end)
