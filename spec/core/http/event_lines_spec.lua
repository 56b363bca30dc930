local event_lines = require("resty.openclaw.core.http.event_lines")
local ffi = require("ffi")

--- What the lines of a stream are, in words, wherever it is cut: "-" is a part of data, "=" its last part.
local function read(pieces, is_plain, has_types)
    local lines, seen = event_lines.new(is_plain == true, has_types ~= false), {}
    for _, piece in ipairs(pieces) do
        local memory, at = ffi.cast("const uint8_t *", piece), 0
        event_lines.begin_piece(lines)
        while at < #piece do
            local next = event_lines.step(lines, memory, at, #piece)
            assert.is_true(next >= at and next <= #piece)
            if lines.found == event_lines.FIELD then seen[#seen + 1] = "field"
            elseif lines.found == event_lines.TYPE then seen[#seen + 1] = "type " .. lines.type
            elseif lines.found == event_lines.BLANK then seen[#seen + 1] = "blank"
            elseif lines.found == event_lines.DATA then
                local text = piece:sub(lines.from + 1, lines.to)
                -- Parts of one line are joined, so that all cuts give the same.
                if seen[#seen]:sub(1, 1) == "-" then text = table.remove(seen):sub(2) .. text end
                seen[#seen + 1] = (lines.is_line_end and "=" or "-") .. text
            end
            at = next
        end
    end
    return table.concat(seen, "|"), lines
end

local function bytes(text)
    local found = {}
    for at = 1, #text do found[at] = text:sub(at, at) end
    return found
end

local function reads(expected, text)
    assert.equal(expected, (read({ text })))
    for at = 1, #text - 1 do assert.equal(expected, (read({ text:sub(1, at), text:sub(at + 1) })), at) end
    assert.equal(expected, (read(bytes(text))))
end

describe("core.http.event_lines", function()
    it("reads data, types, comments and other fields", function()
        reads("field|type ping|field|={}|blank", "event: ping\ndata: {}\n\n")
        reads("field|=a|field|= b|field|=|field|=|blank", "data:a\ndata:  b\ndata:\ndata\n\n")
        reads("field|field|field|field|field|field|blank", ": comment\n:\nid: 7\nretry:1\ndat: x\ndatas: x\nData: x\n data: x\n\n")
        reads("field|type a|field|type b|blank", "event: a\nevent:b\n\n")
        reads("field|type |field|type |field|type  x |blank", "event:\nevent\nevent:  x \n\n")
        reads("field|field|field", "events: x\neve: x\nevent x\n")
        reads("field|-a", "data: a")
    end)

    it("ends lines with LF, CR and CRLF", function()
        for _, line_end in ipairs({ "\n", "\r", "\r\n" }) do
            reads("field|=a|blank|blank|field|type b|blank", (("data: a\n\n\nevent: b\n: x\n\n"):gsub("\n", line_end)))
        end
        reads("field|=a|field|=b|field|=c|blank|blank|blank", "data: a\rdata: b\ndata: c\r\n\r\r\n\n")
    end)

    it("passes over a byte order mark at the beginning alone", function()
        reads("field|=a|blank", "\239\187\191data: a\n\n")
        reads("field|=a|blank|field|blank", "data: a\n\n\239\187\191data: a\n\n")
        reads("field|blank", "\239\187\191\239\187\191data: a\n\n")
        reads("field|blank", "\239\187data: a\n\n")
        reads("field|blank", "\239\n\n")
        reads("blank", "\239\187\191\n")
    end)

    it("reads JSON lines, of which all are data", function()
        for _, text in ipairs({ "{}\n\ndata: a\n: x\n", "\239\187\191{}\r\n\r\ndata: a\r\n: x\r\n" }) do
            assert.equal("field|={}|blank|field|=data: a|field|=: x", (read({ text }, true)))
            assert.equal("field|={}|blank|field|=data: a|field|=: x", (read(bytes(text), true)))
        end
    end)

    it("reads no types where they are not wanted", function()
        assert.equal("field|field|=a|blank", (read({ "event: b\ndata: a\n\n" }, false, false)))
    end)

    it("says where the next line begins, and whether one may begin", function()
        for text, expected in pairs({ ["data: a\n\n"] = 8, ["data: a\r\n\r\n"] = 9, ["data: a\r\r"] = 8, ["data: a\r"] = 8 }) do
            local memory, at = ffi.cast("const uint8_t *", text), 0
            local lines = event_lines.new(false, true)
            event_lines.begin_piece(lines)
            assert.is_true(event_lines.is_at_line(lines))
            while lines.found ~= event_lines.DATA do
                at = event_lines.step(lines, memory, at, #text)
                if lines.found ~= event_lines.DATA then assert.is_false(event_lines.is_at_line(lines)) end
            end
            assert.equal(expected, event_lines.next_line(lines, memory, at, #text))
            assert.equal(text:byte(8) == 10, event_lines.is_at_line(lines))
        end
    end)

    it("keeps types up to a length", function()
        reads("field|type " .. ("x"):rep(64), "event: " .. ("x"):rep(64) .. "\n")
        reads("field|type ", "event: " .. ("x"):rep(65) .. "\n")
        local _, lines = read({ "event: ", ("x"):rep(100000), ("x"):rep(100000) })
        assert.equal(65, #lines.partial)
    end)

    it("knows whether the last line has ended", function()
        local function is_between(text)
            local _, lines = read({ text })
            return event_lines.is_between_lines(lines)
        end
        for _, text in ipairs({ "", "\239\187\191", "\n", "data: a\n", ": x\r", "data: a\r\n\r\n", "data: a\r\r", "data: a\r" }) do
            assert.is_true(is_between(text), text)
        end
        for _, text in ipairs({ "\239", "\239\187", "d", "data", "data:", "data: ", "data: a", ":", "x", "data: a\r\n\r" }) do
            assert.is_false(is_between(text), text)
        end
    end)

    it("looks at each byte a few times, whatever ends the lines", function()
        local function seconds(line_end)
            local text = (("x"):rep(63) .. line_end):rep(65536)
            local lines, memory, at, began = event_lines.new(false, true), ffi.cast("const uint8_t *", text), 0, os.clock()
            event_lines.begin_piece(lines)
            while at < #text do at = event_lines.step(lines, memory, at, #text) end
            return os.clock() - began
        end
        -- If each line looked for its LF up to the end, lines that end with CR would take many times as long.
        local usual = seconds("\n")
        assert.is_true(seconds("\r") < 10 * usual + 0.2)
    end)
end)
