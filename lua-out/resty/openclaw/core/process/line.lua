local ____exports = {}
--- A line without anybody. Phases: any.
local function create()
    return {first = nil, last = nil, length = 0}
end
____exports.new = create
--- Adds a request at the end. Phases: any.
local function join(line, waiter)
    local ____line_0 = line
    local last = ____line_0.last
    waiter.before = last
    if last == nil then
        line.first = waiter
    else
        last.after = waiter
    end
    line.last = waiter
    line.length = line.length + 1
end
____exports.join = join
--- Takes a request out, wherever it stands; it must be in this line. Phases: any.
local function leave(line, waiter)
    local ____waiter_1 = waiter
    local before = ____waiter_1.before
    local after = ____waiter_1.after
    if before == nil then
        line.first = after
    else
        before.after = after
    end
    if after == nil then
        line.last = before
    else
        after.before = before
    end
    waiter.before = nil
    waiter.after = nil
    line.length = line.length - 1
end
____exports.leave = leave
return ____exports
