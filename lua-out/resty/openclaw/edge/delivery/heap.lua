local ____exports = {}
--- The first of all; nothing when there is none. Phases: any.
function ____exports.first(heap)
    return heap[1]
end
--- Adds a text. Phases: any.
function ____exports.push(heap, text)
    local at = #heap
    while at > 0 do
        local parent = math.floor((at - 1) / 2)
        if heap[parent + 1] <= text then
            break
        end
        heap[at + 1] = heap[parent + 1]
        at = parent
    end
    heap[at + 1] = text
end
--- Takes the first of all out; nothing when there is none. Phases: any.
function ____exports.pop(heap)
    local top = heap[1]
    local last = table.remove(heap)
    local count = #heap
    if last == nil or count == 0 then
        return top
    end
    local at = 0
    while true do
        local child = 2 * at + 1
        if child >= count then
            break
        end
        if child + 1 < count and heap[child + 1 + 1] < heap[child + 1] then
            child = child + 1
        end
        if last <= heap[child + 1] then
            break
        end
        heap[at + 1] = heap[child + 1]
        at = child
    end
    heap[at + 1] = last
    return top
end
return ____exports
