local ____exports = {}
local math_min = math.min
local table_remove = table.remove
--- So many are looked at each time.
local AT_ONCE = 256
--- Nothing yet. Phases: any, usually where a module is loaded.
local function create()
    return {items = {}, at = 0}
end
____exports.new = create
--- Adds an item. Phases: any.
local function add(____bindingPattern0, item)
    local items
    items = ____bindingPattern0.items
    items[#items + 1] = item
end
____exports.add = add
--- Removes the item at a place; the last one takes the place.
local function remove(items, at)
    local last = #items - 1
    items[at + 1] = items[last + 1]
    table_remove(items, last + 1)
end
--- Looks at the items whose turn it is, and removes those that do not stay. Returns whether there are any left. Phases: any, as `stays`, which
-- must not add any.
local function look(turns, stays, now)
    local ____turns_0 = turns
    local items = ____turns_0.items
    for _ = 1, math_min(AT_ONCE, #items) do
        if turns.at >= #items then
            turns.at = 0
        end
        if stays(items[turns.at + 1], now) then
            turns.at = turns.at + 1
        else
            remove(items, turns.at)
        end
    end
    return #items > 0
end
____exports.look = look
return ____exports
