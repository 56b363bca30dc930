local ____exports = {}
local error = error
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local AMOUNT = 0
local BURST = 1
local SLOTS = 2
--- A rate with that name in shared memory. Raises if there is no shared memory. Phases: init.
local function create(region, name, make, amount)
    local slot, err = shared_memory_slot(region, name, SLOTS)
    if slot == nil then
        error("no shared memory: " .. err, 0)
    end
    local configured = make(amount, nil, false)
    local record = region.common + slot
    return {
        make = make,
        configured = configured,
        record = record,
        current = configured,
        seen_amount = 0,
        seen_burst = 0
    }
end
____exports.new = create
--- Makes the rate that the record says.
local function remake(rate, amount, burst)
    rate.seen_amount = amount
    rate.seen_burst = burst
    local ____rate_0 = rate
    local configured = ____rate_0.configured
    local is_configured = amount == 0 and burst == 0
    rate.current = is_configured and configured or rate.make(amount > 0 and amount or configured.requests, burst > 0 and burst - 1 or nil, true)
    return rate.current
end
--- The rate as it is now. Phases: any.
local function present(rate)
    local ____rate_1 = rate
    local record = ____rate_1.record
    local amount = record[AMOUNT]
    local burst = record[BURST]
    if amount == rate.seen_amount and burst == rate.seen_burst then
        return rate.current
    end
    return remake(rate, amount, burst)
end
____exports.present = present
--- Whether an operator has changed it. Phases: any.
local function is_changed(____bindingPattern0)
    local record
    record = ____bindingPattern0.record
    return record[AMOUNT] > 0 or record[BURST] > 0
end
____exports.is_changed = is_changed
--- Sets the requests or tokens and the burst for all workers; nothing: as they are. Phases: any.
local function change(____bindingPattern0, amount, burst)
    local record
    record = ____bindingPattern0.record
    if amount ~= nil then
        record[AMOUNT] = amount
    end
    if burst ~= nil then
        record[BURST] = burst + 1
    end
end
____exports.change = change
--- Makes the rate for all workers as it is configured. Phases: any.
local function take_back(____bindingPattern0)
    local record
    record = ____bindingPattern0.record
    record[AMOUNT] = 0
    record[BURST] = 0
end
____exports.take_back = take_back
return ____exports
