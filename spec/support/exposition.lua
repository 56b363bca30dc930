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
