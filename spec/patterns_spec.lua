-- No pattern of ours may take more than a share of work for each letter of a text, whatever the text: a pattern that tries
-- again from every letter (a trim by "(.-)%s*$", say) holds the worker for seconds, and no timeout ends it.
local pattern_work = require("spec.support.pattern_work")

local FUNCTIONS = { "find", "match", "gmatch", "gsub" }

--- Patterns that are put together, or given: of a constant list, of our own entry in the dict, of the kernel's, of names
--- in a folder, which are short.
local LOOKED_AT = {
    "identity/settings.lua: pattern", "identity/subject.lua: pattern",
    "shared_memory.lua: ", "process/process_identity.lua: ", "spool/lane.lua: pattern",
}

--- Patterns that only meet what we have written ourselves: a number of 24 letters at most.
local OWN_TEXTS = { ["^(.-)%.?0*(e.*)$"] = true }

local function files_of_lua_out()
    local files = {}
    local listing = assert(io.popen("find lua-out -name '*.lua' | sort"))
    -- The dashboard is one long text.
    for path in listing:lines() do
        if not path:find("status/page", 1, true) then files[#files + 1] = path end
    end
    listing:close()
    return files
end

--- The arguments that begin at a place of some Lua code.
local function arguments(code, at)
    local found = {}
    local depth = 0
    local from = at
    while true do
        local letter = code:sub(at, at)
        if letter == '"' or letter == "'" then
            repeat
                at = at + (code:sub(at, at) == "\\" and 2 or 1)
            until code:sub(at, at) == letter
        elseif letter:find("[%(%{%[]") then
            depth = depth + 1
        elseif letter:find("[%)%}%]]") then
            depth = depth - 1
        end
        if depth < 0 or (depth == 0 and letter == ",") then
            found[#found + 1] = code:sub(from, at - 1):match("^%s*(.-)%s*$")
            from = at + 1
        end
        if depth < 0 then return found end
        at = at + 1
    end
end

--- What an argument says, where it is a text or the name of one.
local function text_of(code, argument)
    if argument:find("^[%u_]+$") then argument = code:match("local " .. argument .. " = ([^\n]+)") or argument end
    if not argument:find("^[\"']") then return nil end
    local read = assert(loadstring("return " .. argument))
    local ok, text = pcall(setfenv(read, {}))
    return ok and text or nil
end

--- Every pattern there is, with its place, and whether it is looked for again and again; what is no plain text besides.
local function patterns()
    local found, unknown = {}, {}
    for _, path in ipairs(files_of_lua_out()) do
        local file = assert(io.open(path))
        local code = file:read("*a")
        file:close()
        for _, name in ipairs(FUNCTIONS) do
            for at in code:gmatch("string_" .. name .. "%(()") do
                local given = arguments(code, at)
                local pattern = text_of(code, given[2])
                local place = path .. ": " .. (pattern or given[2])
                if name == "find" and given[4] == "true" then pattern, place = nil, nil end
                if pattern then found[#found + 1] = { place = place, pattern = pattern, name = name } end
                if place and not pattern then unknown[#unknown + 1] = place end
            end
        end
    end
    return found, unknown
end

describe("the counting of a pattern's work", function()
    it("finds what the library finds", function()
        local texts = { "", "a", "  a  ", "key: value", "12.5", "1,2 , 3", "[::1]:80", "a=b;c=\"d\"", "{{}}x{", "%41%zz", "\0\1" }
        local count = 0
        for _, one in ipairs((patterns())) do
            for _, text in ipairs(texts) do
                local first, last = string.find(text, one.pattern)
                local own_first, own_last = pattern_work.find(one.pattern, text)
                assert.same({ first, last }, { own_first, own_last }, one.place .. " in " .. text)
                count = count + 1
            end
        end
        assert.is_true(count > 1000)
    end)

    it("sees the square in a trim with a pattern", function()
        local parts = pattern_work.parse("^%s*(.-)%s*$")
        local once = pattern_work.steps(parts, "x" .. (" "):rep(200) .. "y")
        local twice = pattern_work.steps(parts, "x" .. (" "):rep(400) .. "y")
        assert.is_true(twice > 3.5 * once)
    end)

    it("counts what a function does, and leaves the library as it was", function()
        local find = string.find
        local few = pattern_work.of(function() string.match(("a"):rep(10), "^a*$") end)
        local many = pattern_work.of(function() string.match(("a"):rep(100), "^a*$") end)
        assert.is_true(few >= 10 and many >= 100 and many < 300)
        assert.equal(find, string.find)
    end)
end)

describe("the patterns of all modules", function()
    it("are texts that can be read here", function()
        local _, unknown = patterns()
        for _, place in ipairs(unknown) do
            local is_looked_at = false
            for _, known in ipairs(LOOKED_AT) do
                is_looked_at = is_looked_at or place:find(known, 1, true) ~= nil
            end
            assert.is_true(is_looked_at, place .. ": write the pattern as one text, or look whether it can take long")
        end
    end)

    it("take work in proportion to the text, whatever it is", function()
        local bad, seen = {}, {}
        for _, one in ipairs((patterns())) do
            local parts = pattern_work.parse(one.pattern)
            local all = one.name == "gmatch" or one.name == "gsub"
            if OWN_TEXTS[one.pattern] then seen[one.pattern .. one.name] = true end
            local attacks = seen[one.pattern .. one.name] and {} or pattern_work.attacks(one.pattern)
            seen[one.pattern .. one.name] = true
            for _, attack in ipairs(attacks) do
                local once = pattern_work.steps(parts, attack.text(80), all)
                local twice = pattern_work.steps(parts, attack.text(160), all)
                if twice > 2.7 * once then
                    bad[#bad + 1] = one.place .. " with " .. attack.name
                    break
                end
            end
        end
        assert.equal("", table.concat(bad, "\n"))
    end)
end)
