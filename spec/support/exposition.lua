--- Reads a metrics page as strictly as Prometheus does, and has promtool judge it.
local _M = {}

--- The page's samples by their text up to the value ('name{labels}' -> value as text). Fails on what is no such page.
function _M.parse(page)
    local samples, types, current, seen = {}, {}, nil, {}
    assert(page == "" or page:sub(-1) == "\n", "the last line does not end")
    for line in page:gmatch("([^\n]*)\n") do
        local help = line:match("^# HELP (%S+) .+$")
        local name, kind = line:match("^# TYPE (%S+) (%S+)$")
        if help then
            assert(not seen[help], help .. " is not contiguous")
            seen[help] = true
            current = help
        elseif name then
            assert(name == current and not types[name], "TYPE out of place: " .. line)
            types[name] = kind
        else
            local series, value = line:match("^([%a_:][%w_:]*{.*}) (%S+)$")
            if not series then series, value = line:match("^([%a_:][%w_:]*) (%S+)$") end
            assert(series, "no sample: " .. line)
            local base = series:match("^[^{]+")
            if types[current] == "histogram" then base = base:gsub("_bucket$", ""):gsub("_sum$", ""):gsub("_count$", "") end
            assert(base == current, "sample out of place: " .. line)
            assert(not samples[series], "twice: " .. series)
            samples[series] = value
        end
    end
    return samples, types
end

--- What the lines of a family may be called after its name, by its type; OpenMetrics 1.0, "Suffixes".
local SUFFIXES = {
    counter = { _total = true, _created = true },
    gauge = { [""] = true },
    unknown = { [""] = true },
    histogram = { _bucket = true, _count = true, _sum = true, _created = true },
}

--- Notes the names that a family takes up, its own among them. Fails where another has one of them.
local function take_names(taken, family, kind)
    local names = { [family] = true }
    for suffix in pairs(SUFFIXES[kind]) do names[family .. suffix] = true end
    for name in pairs(names) do
        assert(not taken[name], name .. " is of two families")
        taken[name] = true
    end
end

--- The same for a page in OpenMetrics' format; the third result holds the units.
function _M.parse_open(page)
    local samples, types, units, taken, current = {}, {}, {}, {}, nil
    local body = page:match("^(.*)# EOF\n$")
    assert(body and not body:find("# EOF", 1, true), "the page does not end in EOF, or not once")
    assert(body == "" or body:sub(-1) == "\n", "EOF is not a line of its own")
    for line in body:gmatch("([^\n]*)\n") do
        local word, name, rest = line:match("^# (%u+) (%S+) (.+)$")
        if word == "TYPE" then
            take_names(taken, name, rest)
            current, types[name] = name, rest
        elseif word then
            assert(name == current, "out of place: " .. line)
            if word == "UNIT" then
                assert(name:sub(-#rest - 1) == "_" .. rest, "no unit of that name: " .. line)
                units[name] = rest
            else
                assert(word == "HELP" and not rest:gsub('\\[\\n"]', ""):find('["\\]'), "badly escaped: " .. line)
            end
        else
            local series, value = line:match("^([%a_:][%w_:]*{.*}) (%S+)$")
            if not series then series, value = line:match("^([%a_:][%w_:]*) (%S+)$") end
            assert(series, "no sample: " .. line)
            local base = series:match("^[^{]+")
            assert(base:sub(1, #current) == current, "out of place: " .. line)
            assert(SUFFIXES[types[current]][base:sub(#current + 1)], "no line of such a family: " .. line)
            assert(not samples[series], "twice: " .. series)
            local bound = series:match('le="([^"]*)"}$')
            assert(not bound or bound:find("[.e]") or bound == "+Inf", "a bound without a point: " .. line)
            samples[series] = value
        end
    end
    return samples, types, units
end

--- What `promtool check metrics` says, nothing when it is content. Fails without promtool.
function _M.promtool(page)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(page)
    file:close()
    local pipe = assert(io.popen("promtool check metrics < " .. path .. " 2>&1; echo status $?"))
    local output = pipe:read("*a")
    pipe:close()
    os.remove(path)
    return output ~= "status 0\n" and output or nil
end

return _M
