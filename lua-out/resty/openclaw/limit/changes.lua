local ____exports = {}
local error = error
local math_floor = math.floor
local locks = require("resty.openclaw.core.memory.lock")
local locks_new = locks.new
local locks_unlock = locks.unlock
local locks_wait_for_lock = locks.wait_for_lock
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local AMOUNT = 0
local BURST = 1
local VERSION = 2
local SLOTS = 3
--- A change takes microseconds.
local LOCK_SECONDS = 5
local WAIT_SECONDS = 1
--- A rate with that name in shared memory. Raises if there is no shared memory. Phases: init.
local function create(region, name, make, amount)
    local slot, err = shared_memory_slot(region, name, SLOTS)
    if slot == nil then
        error("no shared memory: " .. err, 0)
    end
    local configured = make(amount, nil, false)
    local record = region.common + slot
    local lock = locks_new(region.names, name .. " lock", LOCK_SECONDS)
    return {
        make = make,
        configured = configured,
        record = record,
        lock = lock,
        current = configured,
        seen_amount = 0,
        seen_burst = 0
    }
end
____exports.new = create
--- Makes the rate that the record says; while others change that, the rate is as it was.
local function remake(rate)
    local ____rate_0 = rate
    local configured = ____rate_0.configured
    local record = ____rate_0.record
    local version = record[VERSION]
    local amount = record[AMOUNT]
    local burst = record[BURST]
    if version % 2 == 1 or record[VERSION] ~= version then
        return rate.current
    end
    rate.seen_amount = amount
    rate.seen_burst = burst
    local is_configured = amount == 0 and burst == 0
    rate.current = is_configured and configured or rate.make(amount > 0 and amount or configured.requests, burst > 0 and burst - 1 or nil, true)
    return rate.current
end
--- The rate as it is now. Phases: any.
local function present(rate)
    local ____rate_1 = rate
    local record = ____rate_1.record
    if record[AMOUNT] == rate.seen_amount and record[BURST] == rate.seen_burst then
        return rate.current
    end
    return remake(rate)
end
____exports.present = present
--- Whether an operator has changed it. Phases: any.
local function is_changed(____bindingPattern0)
    local record
    record = ____bindingPattern0.record
    return record[AMOUNT] > 0 or record[BURST] > 0
end
____exports.is_changed = is_changed
--- Writes the record while no other process does; what is absent stays as it is.
local function write(rate, amount, burst)
    local ____rate_2 = rate
    local record = ____rate_2.record
    local lock = ____rate_2.lock
    local is_held, err = locks_wait_for_lock(lock, WAIT_SECONDS)
    if not is_held then
        return err == nil and "another change is in progress; try again" or "the lua_shared_dict is full"
    end
    local changing = 2 * math_floor(record[VERSION] / 2) + 1
    record[VERSION] = changing
    if amount ~= nil then
        record[AMOUNT] = amount
    end
    if burst ~= nil then
        record[BURST] = burst
    end
    record[VERSION] = changing + 1
    present(rate)
    locks_unlock(lock)
    return nil
end
--- Sets the requests or tokens and the burst for all workers; nothing: as they are. Phases: those that may yield.
local function change(rate, amount, burst)
    local ____write_6 = write
    local ____rate_4 = rate
    local ____amount_5 = amount
    local ____temp_3
    if burst == nil then
        ____temp_3 = nil
    else
        ____temp_3 = burst + 1
    end
    return ____write_6(____rate_4, ____amount_5, ____temp_3)
end
____exports.change = change
--- Makes the rate for all workers as it is configured. Phases: those that may yield.
local function take_back(rate)
    return write(rate, 0, 0)
end
____exports.take_back = take_back
return ____exports
