local ____exports = {}
local files = require("resty.openclaw.core.files.files")
local time_slice = require("resty.openclaw.core.time.time_slice")
local ids = require("resty.openclaw.edge.store.id")
local stores = require("resty.openclaw.edge.store")
--- Of files that may each be opened, some microseconds long.
local FILES_AT_A_STRETCH = 32
--- Visits every file of a folder whose name is an id, in no order. Files that come or go meanwhile may be left out. On
-- failure nil and why. Phases: those that may yield.
function ____exports.each(store, shelf, visit, state)
    local folder, err = files.open_folder((store.folder .. "/") .. shelf)
    if folder == nil then
        return nil, err
    end
    local count = 0
    local name = files.next_name(folder)
    while name ~= nil do
        if ids.is_id(name) then
            visit(state, name)
        end
        count = count + 1
        if count % FILES_AT_A_STRETCH == 0 then
            time_slice.yield_now()
        end
        name = files.next_name(folder)
    end
    files.close_folder(folder)
    return true
end
local function sweep(store, id)
    if ids.time_of(id) < ngx.now() - stores.ABANDONED_SECONDS then
        stores.remove(store, "incoming", id)
    end
end
--- Removes what was begun and never finished. On failure nil and why. Phases: those that may yield.
function ____exports.sweep_incoming(store)
    return ____exports.each(store, "incoming", sweep, store)
end
return ____exports
