--- What servers of many kinds really send (spec/support/answers), in pieces of any size, compressed or not, with CRLF, and
-- with comments. What the figures must be stands in the README there.
local answers = require("spec.support.answers")
local documents = require("resty.openclaw.inference.document")
local inflations = require("resty.openclaw.inference.inflation")
local streams = require("resty.openclaw.inference.stream")

local FOLDER = "spec/support/answers/"

local function read_file(name)
    local file = assert(io.open(FOLDER .. name))
    local text = file:read("*a")
    file:close()
    return text
end

local function number(text) return tonumber(text:match("%d+")) end

--- The table of the README, by file.
local function expected()
    local rows = {}
    for line in read_file("README.md"):gmatch("[^\n]+") do
        local name, model, prompt, completion, finish = line:match("^| (%S+%.%l+) | ([^|]+) | ([^|]+) | ([^|]+) | ([^|]+) |$")
        if name then
            rows[name] = {
                model = model ~= "none" and model or nil,
                prompt_tokens = number(prompt),
                cached_tokens = tonumber(prompt:match("%((%d+)%)")),
                completion_tokens = number(completion),
                reasoning_tokens = tonumber(completion:match("%((%d+)%)")),
                source = completion:find("estimated") and "estimate" or "usage",
                finish_reason = finish,
            }
        end
    end
    return rows
end

local function reader_of(name)
    if name:find("%.json$") then return documents.new() end
    return streams.new(name:find("%.ndjson$") ~= nil)
end

local function pieces_of(text, size)
    local pieces = {}
    for at = 1, #text, size do pieces[#pieces + 1] = text:sub(at, at + size - 1) end
    return pieces
end

local function gzipped(text)
    local gzip = assert(require("resty.openclaw.core.bytes.gzip").new())
    return assert(gzip:compress(text))
end

--- A reader that is fed with compressed bytes.
local function behind_inflation(reader)
    local inflation = assert(inflations.new())
    return {
        feed = function(_, memory, bytes) inflations.feed(inflation, reader, memory, bytes) end,
        finish = function(_, is_whole)
            assert.is_nil(inflation.problem)
            inflations.finish(inflation)
            return reader:finish(is_whole)
        end,
    }
end

local function variants(name, text)
    local all = { ["as it is"] = text, ["with CRLF"] = (text:gsub("\n", "\r\n")) }
    if name:find("%.sse$") then
        all["with comments"] = ": one\n\n" .. text:gsub("\n\n", "\n\n: ping\n\n:\n") .. ": end\n\n"
        all["with comments and CRLF"] = all["with comments"]:gsub("\n", "\r\n")
    end
    return all
end

describe("an answer of a real server", function()
    local count = 0
    for name, figures in pairs(expected()) do
        count = count + 1
        for title, text in pairs(variants(name, read_file(name))) do
            it(name .. " " .. title .. " gives its figures, in pieces of any size", function()
                for _, size in ipairs({ #text, 1, 2, 3, 7, 50, 4096 }) do
                    local reader = reader_of(name)
                    assert.same(figures, answers.read(reader, pieces_of(text, size)), size)
                    assert.is_nil(reader.problem)
                end
            end)

            it(name .. " " .. title .. " gives its figures when it is compressed", function()
                local bytes = gzipped(text)
                for _, size in ipairs({ #bytes, 1, 7 }) do
                    assert.same(figures, answers.read(behind_inflation(reader_of(name)), pieces_of(bytes, size)), size)
                end
            end)
        end

        it(name .. " is cut anywhere: it is aborted, or has its reason", function()
            local text = read_file(name)
            for at = 0, #text - 1 do
                local reader = reader_of(name)
                local cut = answers.read(reader, text:sub(1, at), false)
                -- Ollama says that it is done before it says why.
                local is_right = cut.finish_reason == "aborted" or cut.finish_reason == "stop" or cut.finish_reason == figures.finish_reason
                assert.is_true(is_right, at)
                assert.is_nil(reader.problem)
            end
        end)
    end

    it("is there in dozens", function() assert.equal(12, count) end)
end)
