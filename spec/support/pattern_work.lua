--- Counts the work that a Lua pattern makes of a text: how many single characters are compared. Written after the manual
--- (5.4.1), as the library itself cannot be asked; its specs compare the results of both.
local _M = {}

--- What stands at a place of a pattern: a set of bytes, and where the pattern goes on.
local function set_at(pattern, at)
    local letter = pattern:sub(at, at)
    local stop = at
    if letter == "%" then
        stop = at + 1
    elseif letter == "[" then
        stop = at + 1
        if pattern:sub(stop, stop) == "^" then stop = stop + 1 end
        repeat
            if pattern:sub(stop, stop) == "%" then stop = stop + 1 end
            stop = stop + 1
        until pattern:sub(stop, stop) == "]"
    end
    local text = "^" .. pattern:sub(at, stop) .. "$"
    if letter == "^" then text = "^%^$" end
    local bytes = {}
    for byte = 0, 255 do bytes[byte] = string.find(string.char(byte), text) ~= nil end
    return bytes, stop + 1
end

--- The parts of a pattern: { kind = "set", bytes, quantifier } and so on.
function _M.parse(pattern)
    local parts = { anchored = pattern:sub(1, 1) == "^" }
    local at = parts.anchored and 2 or 1
    while at <= #pattern do
        local letter = pattern:sub(at, at)
        local two = pattern:sub(at, at + 1)
        if two == "()" then
            parts[#parts + 1] = { kind = "place" }
            at = at + 2
        elseif letter == "(" or letter == ")" then
            parts[#parts + 1] = { kind = letter }
            at = at + 1
        elseif letter == "$" and at == #pattern then
            parts[#parts + 1] = { kind = "end" }
            at = at + 1
        elseif two == "%b" then
            parts[#parts + 1] = { kind = "balance", open = pattern:byte(at + 2), close = pattern:byte(at + 3) }
            at = at + 4
        else
            assert(two ~= "%f" and not two:find("^%%%d"), "not counted here: " .. pattern)
            local bytes
            bytes, at = set_at(pattern, at)
            local quantifier = pattern:sub(at, at)
            if quantifier:find("^[*+?-]$") then at = at + 1 else quantifier = "" end
            parts[#parts + 1] = { kind = "set", bytes = bytes, quantifier = quantifier }
        end
    end
    return parts
end

local steps

local function is_in(part, text, at)
    steps = steps + 1
    return at <= #text and part.bytes[text:byte(at)]
end

local match_from

local function match_set(parts, index, text, at)
    local part = parts[index]
    local quantifier = part.quantifier
    if quantifier == "" then
        if not is_in(part, text, at) then return nil end
        return match_from(parts, index + 1, text, at + 1)
    elseif quantifier == "?" then
        if is_in(part, text, at) then
            local stop = match_from(parts, index + 1, text, at + 1)
            if stop then return stop end
        end
        return match_from(parts, index + 1, text, at)
    elseif quantifier == "-" then
        while true do
            local stop = match_from(parts, index + 1, text, at)
            if stop then return stop end
            if not is_in(part, text, at) then return nil end
            at = at + 1
        end
    end
    local least = quantifier == "+" and 1 or 0
    local count = 0
    while is_in(part, text, at + count) do count = count + 1 end
    while count >= least do
        local stop = match_from(parts, index + 1, text, at + count)
        if stop then return stop end
        count = count - 1
    end
    return nil
end

local function match_balance(parts, index, text, at)
    local part = parts[index]
    if text:byte(at) ~= part.open then return nil end
    local depth = 1
    for place = at + 1, #text do
        steps = steps + 1
        local byte = text:byte(place)
        if byte == part.close then
            depth = depth - 1
            if depth == 0 then return match_from(parts, index + 1, text, place + 1) end
        elseif byte == part.open then
            depth = depth + 1
        end
    end
    return nil
end

function match_from(parts, index, text, at)
    steps = steps + 1
    local part = parts[index]
    if part == nil then return at end
    if part.kind == "set" then return match_set(parts, index, text, at) end
    if part.kind == "balance" then return match_balance(parts, index, text, at) end
    if part.kind == "end" and at <= #text then return nil end
    return match_from(parts, index + 1, text, at)
end

--- Where the pattern is first found from a place on, as `string.find` has it.
local function find(parts, text, from)
    local at = from
    repeat
        local stop = match_from(parts, 1, text, at)
        if stop then return at, stop - 1 end
        at = at + 1
    until parts.anchored or at > #text + 1
    return nil
end

--- As `string.find` with a pattern; third how many steps that took.
function _M.find(pattern, text)
    steps = 0
    local first, last = find(_M.parse(pattern), text, 1)
    return first, last, steps
end

--- How many steps it takes to look for the pattern in the text: once, or to the end.
function _M.steps(parts, text, all)
    steps = 0
    local at = 1
    repeat
        local first, last = find(parts, text, at)
        at = first and math.max(last + 1, at + 1)
    until not all or at == nil or parts.anchored or at > #text + 1
    return steps
end

--- How many instructions of Lua `work` takes, with the compiler off; what C functions do is no part of that.
local function instructions_of(work)
    local count = 0
    jit.off()
    jit.flush()
    debug.sethook(function() count = count + 1 end, "", 10)
    local ok, err = pcall(work)
    debug.sethook()
    jit.on()
    if not ok then error(err, 0) end
    return count * 10
end

--- How many steps the patterns take that `work` looks for.
local function steps_of(work)
    local total = 0
    local known = { find = string.find, match = string.match, gmatch = string.gmatch, gsub = string.gsub }
    local parsed = {}
    local is_counting = false
    local function counted(name, all)
        return function(text, pattern, ...)
            local from, plain = ...
            if name ~= "find" and name ~= "match" then from, plain = 1, false end
            if not is_counting and not plain then
                is_counting = true
                parsed[pattern] = parsed[pattern] or _M.parse(pattern)
                total = total + _M.steps(parsed[pattern], text:sub(from or 1), all)
                is_counting = false
            end
            return known[name](text, pattern, ...)
        end
    end
    string.find, string.match = counted("find", false), counted("match", false) -- luacheck: ignore
    string.gmatch, string.gsub = counted("gmatch", true), counted("gsub", true) -- luacheck: ignore
    local ok, err = pcall(work)
    for name, original in pairs(known) do string[name] = original end -- luacheck: ignore
    if not ok then error(err, 0) end
    return total
end

--- The work of a function that may be called twice: its instructions of Lua, and the steps of its patterns.
function _M.of(work)
    return instructions_of(work) + steps_of(work)
end

--- Texts that are meant to make much work of a pattern, each made anew for a length.
function _M.attacks(pattern)
    local parts = _M.parse(pattern)
    local attacks = {}
    local known = {}
    local function letters_of(part)
        if part.kind == "balance" then return { string.char(part.open) } end
        local letters = {}
        for letter in (" \t1a,;:./=\"%[({x-_\\\n0!"):gmatch(".") do
            if part.bytes[letter:byte()] and #letters < 5 then letters[#letters + 1] = letter end
        end
        if #letters == 0 then
            for byte = 0, 255 do
                if part.bytes[byte] and #letters < 1 then letters[1] = string.char(byte) end
            end
        end
        return letters
    end
    local function add(before, unit, after)
        local name = before .. "|" .. unit .. "|" .. after
        if known[name] then return end
        known[name] = true
        attacks[#attacks + 1] = {
            name = string.format("%q, %q again and again, %q", before, unit, after),
            text = function(count) return before .. unit:rep(count) .. after end,
        }
    end
    --- A letter of the part, one that the part before it does not take where there is such a one.
    local function other_letter(part, previous)
        local letters = letters_of(part)
        for _, letter in ipairs(letters) do
            if not (previous and previous.bytes and previous.bytes[letter:byte()]) then return letter end
        end
        return letters[1]
    end
    -- What the parts before may have taken: no more than they must, or one letter each.
    local least, one_each = "", ""
    local previous
    for _, part in ipairs(parts) do
        if part.kind == "set" or part.kind == "balance" then
            for _, before in ipairs({ least, one_each }) do
                for _, letter in ipairs(letters_of(part)) do
                    for _, after in ipairs({ "", "\1", "x", " y" }) do
                        add(before, letter, after)
                        add("", before .. letter, after)
                    end
                end
            end
            if part.quantifier ~= "*" and part.quantifier ~= "-" and part.quantifier ~= "?" then
                least = least .. letters_of(part)[1]
            end
            one_each = one_each .. other_letter(part, previous)
            previous = part
        end
    end
    return attacks
end

return _M
