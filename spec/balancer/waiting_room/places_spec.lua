local lines = require("resty.openclaw.core.process.line")
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local CLASSES = {
    { name = "batch", weight = 1, size = 30, wait_seconds = 60 },
    { name = "standard", weight = 3, size = 20, wait_seconds = 60 },
    { name = "vip", weight = 8, size = 10, wait_seconds = 60 },
}
local HIGHEST_BLOCK = 1
local made = 0

--- Several workers of one upstream, in one process: each has a block of the region.
local function new_world(count)
    made = made + 1
    local region = shared_memory.open("no dict " .. made, 8)
    region.base[HIGHEST_BLOCK] = count
    local world = { region = region, workers = {}, now = 1000, woken = {}, limit = 4, rate = 0 }
    local function wake(waiter)
        table.insert(world.woken, waiter)
    end
    function world.start(number)
        local own = setmetatable({ block = number, mine = region.base + number * mapping.SLOTS }, { __index = region })
        local worker = { number = number, places = places_of.new(own, "model", CLASSES, wake), taken = 0, waiters = {} }
        worker.mine = own.mine
        world.workers[number] = worker
        return worker
    end
    for number = 1, count do world.start(number) end
    return world
end

local function admit(world, worker)
    places_of.admit(worker.places, world.limit, world.rate, world.now)
end

local function wait(world, worker, name)
    local waiter = { since = world.now, has_place = false, name = name, worker = worker }
    places_of.join(worker.places, worker.places.by_name[name], waiter)
    return waiter
end

--- The worker is alive, but sees no free place.
local function look_in_vain(world, worker)
    places_of.admit(worker.places, 0, world.rate, world.now)
end

--- The classes of those that get a place as one after the other becomes free, first to last.
local function order(world, workers)
    local names = {}
    world.woken = {}
    for _ = 1, 1000 do
        if places_of.waiting(workers[1].places) == 0 then break end
        local before = #world.woken
        for _, worker in ipairs(workers) do admit(world, worker) end
        for index = before + 1, #world.woken do
            local waiter = world.woken[index]
            table.insert(names, waiter.name .. (waiter.label or ""))
            places_of.give_back(waiter.worker.places)
        end
        world.now = world.now + 0.01
    end
    return names
end

describe("the places of an upstream", function()
    it("are taken until there are no more, over all workers", function()
        local world = new_world(2)
        local first, second = unpack(world.workers)
        for _ = 1, 2 do
            for _, worker in ipairs({ first, second }) do
                assert.is_true(places_of.is_free(worker.places, 4))
                places_of.take(worker.places, worker.places.by_name.vip)
            end
        end
        assert.is_false(places_of.is_free(first.places, 4))
        assert.is_true(places_of.is_free(first.places, 5))
        places_of.give_back(second.places)
        assert.is_true(places_of.is_free(first.places, 4))
        assert.equal(3, places_of.taken(first.places))
    end)

    it("go to nobody who comes while others wait", function()
        local world = new_world(2)
        wait(world, world.workers[1], "batch")
        assert.is_false(places_of.is_free(world.workers[2].places, 4))
    end)

    it("go to the classes by their weights, and first to the one with the largest", function()
        local world = new_world(1)
        world.limit = 1
        for _ = 1, 16 do
            for _, class in ipairs(CLASSES) do wait(world, world.workers[1], class.name) end
        end
        local counts = { vip = 0, standard = 0, batch = 0 }
        local names = order(world, world.workers)
        assert.same("vip", names[1])
        for place = 1, 24 do counts[names[place]] = counts[names[place]] + 1 end
        assert.same({ vip = 16, standard = 6, batch = 2 }, counts)
        assert.equal(48, #names)
    end)

    it("are not saved up by a class that nobody waits in", function()
        local world = new_world(1)
        world.limit = 1
        local worker = world.workers[1]
        for _ = 1, 100 do wait(world, worker, "standard") end
        for _ = 1, 60 do
            admit(world, worker)
            places_of.give_back(worker.places)
        end
        for _ = 1, 40 do wait(world, worker, "batch") end
        local names = order(world, world.workers)
        local batch = 0
        for place = 1, 40 do batch = batch + (names[place] == "batch" and 1 or 0) end
        assert.is_true(batch >= 9 and batch <= 11, tostring(batch))
    end)

    it("go to the class whose turn it is, in whichever worker it waits", function()
        local world = new_world(2)
        world.limit = 1
        local first, second = unpack(world.workers)
        wait(world, first, "standard")
        world.now = world.now + 1
        wait(world, second, "vip")
        look_in_vain(world, second)
        world.now = world.now + 0.09
        admit(world, first)
        assert.equal(0, #world.woken)
        admit(world, second)
        assert.equal("vip", world.woken[1].name)
        admit(world, first)
        assert.equal(1, #world.woken)
    end)

    it("are not kept free for another worker where they become free often", function()
        local world = new_world(2)
        world.limit, world.rate = 1, 200
        local first, second = unpack(world.workers)
        wait(world, first, "standard")
        wait(world, second, "vip")
        look_in_vain(world, second)
        world.now = world.now + 0.01
        admit(world, first)
        assert.equal("standard", world.woken[1].name)
    end)

    it("go in the order of arrival within a class, but for 50 ms between workers", function()
        local world = new_world(2)
        world.limit = 1
        local first, second = unpack(world.workers)
        wait(world, second, "vip").label = 1
        world.now = world.now + 0.04
        wait(world, first, "vip").label = 2
        world.now = world.now + 0.04
        wait(world, first, "vip").label = 3
        look_in_vain(world, second)
        assert.same({ "vip2", "vip1", "vip3" }, order(world, { first, second }))
    end)

    it("go to the next worker where one does not take what is left to it", function()
        local world = new_world(2)
        world.limit = 1
        local first, second = unpack(world.workers)
        wait(world, second, "vip")
        world.now = world.now + 1
        wait(world, first, "batch")
        look_in_vain(world, second)
        for _ = 1, 10 do
            admit(world, first)
            assert.equal(0, #world.woken)
            world.now = world.now + 0.01
        end
        world.now = world.now + 0.01
        admit(world, first)
        assert.equal("batch", world.woken[1].name)
    end)

    it("go to a worker that was hung as soon as it looks again", function()
        local world = new_world(2)
        world.limit = 1
        local first, second = unpack(world.workers)
        wait(world, second, "vip")
        for _ = 1, 3 do wait(world, first, "standard") end
        look_in_vain(world, second)
        world.now = world.now + 0.4
        admit(world, first)
        assert.equal("standard", world.woken[1].name)
        look_in_vain(world, second)
        places_of.give_back(first.places)
        admit(world, first)
        assert.equal(1, #world.woken)
        admit(world, second)
        assert.equal("vip", world.woken[2].name)
    end)

    it("are free for who waits here as well if there are enough of them", function()
        local world = new_world(2)
        world.limit = 2
        local first, second = unpack(world.workers)
        wait(world, second, "vip")
        world.now = world.now + 1
        wait(world, first, "batch")
        look_in_vain(world, second)
        admit(world, first)
        assert.equal("batch", world.woken[1].name)
        admit(world, second)
        assert.equal("vip", world.woken[2].name)
    end)

    it("are lost by nobody who leaves, in the middle of a line or at its ends", function()
        local world = new_world(1)
        world.limit = 0
        local worker = world.workers[1]
        local vip = worker.places.by_name.vip
        local waiters = {}
        for label = 1, 5 do
            waiters[label] = wait(world, worker, "vip")
            waiters[label].label = label
        end
        for _, label in ipairs({ 3, 1, 5 }) do places_of.leave(worker.places, vip, waiters[label]) end
        assert.equal(2, places_of.waiting_of(worker.places, vip))
        world.limit = 1
        assert.same({ "vip2", "vip4" }, order(world, world.workers))
        assert.equal(0, places_of.waiting(worker.places))
        assert.is_nil(vip.line.first)
        assert.is_nil(vip.line.last)
    end)
end)

describe("a line", function()
    it("is empty again when all have left", function()
        local line = lines.new()
        local one, two = {}, {}
        lines.join(line, one)
        lines.join(line, two)
        lines.leave(line, two)
        lines.leave(line, one)
        assert.same({ length = 0 }, line)
    end)
end)

--- Random arrivals, departures, aborts, hangs and deaths of workers; after each step all that is promised must hold.
local function live(seed, steps)
    math.randomseed(seed)
    local count = math.random(1, 4)
    local world = new_world(count)
    local sum_of_weights = 12
    local admissions, most_late = 0, 0
    local pid = 0

    local function alive()
        local found = {}
        for number = 1, count do
            local worker = world.workers[number]
            if not worker.died_at then found[#found + 1] = worker end
        end
        return found
    end
    local function note_woken(before, limit)
        for index = before + 1, #world.woken do
            local waiter = world.woken[index]
            local worker = waiter.worker
            admissions = admissions + 1
            -- Nobody who came earlier to this worker still waits.
            assert(waiter.number > (worker.last[waiter.name] or 0), "order")
            worker.last[waiter.name] = waiter.number
            worker.waiters[waiter] = nil
            worker.taken = worker.taken + 1
            local late = admissions - waiter.fair_at
            most_late = math.max(most_late, late)
        end
        if #world.woken > before then assert(places_of.taken(world.workers[1].places) <= limit + count - 1, "too many") end
        world.woken = {}
    end
    local function look(worker)
        admit(world, worker)
        note_woken(0, world.limit)
    end
    local function arrive(worker)
        local class = CLASSES[math.random(3)]
        local its_class = worker.places.by_name[class.name]
        if places_of.is_free(worker.places, world.limit) then
            worker.arrives = its_class
            return
        end
        local ahead = places_of.waiting_of(worker.places, its_class)
        if ahead >= class.size then return end
        local waiter = wait(world, worker, class.name)
        pid = pid + 1
        waiter.number = pid
        waiter.fair_at = admissions + (ahead + 1) * sum_of_weights / class.weight
        worker.waiters[waiter] = true
        look(worker)
    end
    --- A worker has looked for a place; others may have taken it before it does so itself.
    local function finish_arrival(worker)
        if not worker.arrives then return end
        places_of.take(worker.places, worker.arrives)
        worker.arrives = nil
        worker.taken = worker.taken + 1
        admissions = admissions + 1
    end
    local function sweep()
        for number = 1, count do
            local worker = world.workers[number]
            if worker.died_at and world.now - worker.died_at > 0.5 then
                require("ffi").fill(worker.mine + mapping.FIRST_TRANSIENT, (mapping.SLOTS - mapping.FIRST_TRANSIENT) * 8)
                local new = world.start(number)
                new.last = {}
            end
        end
    end
    local function check()
        local taken, waiting = 0, 0
        local by_class = { vip = 0, standard = 0, batch = 0 }
        for number = 1, count do
            local worker = world.workers[number]
            taken = taken + worker.taken
            for waiter in pairs(worker.waiters) do
                waiting = waiting + 1
                by_class[waiter.name] = by_class[waiter.name] + 1
            end
        end
        local places = world.workers[1].places
        assert(taken == places_of.taken(places), "taken")
        assert(waiting == places_of.waiting(places), "waiting")
        for name, number in pairs(by_class) do
            assert(number == places_of.waiting_of(places, places.by_name[name]), name)
        end
    end

    for number = 1, count do world.workers[number].last = {} end
    local hung_until, busy_at, disturbed_at = 0, world.now, 0
    for step = 1, steps do
        local workers = alive()
        local worker = workers[math.random(#workers)]
        local chance = math.random()
        if chance < 0.4 then
            arrive(worker)
            if math.random() < 0.2 then arrive(workers[math.random(#workers)]) end
            for _, each in ipairs(workers) do finish_arrival(each) end
        elseif chance < 0.7 then
            if worker.taken > 0 then
                worker.taken = worker.taken - 1
                places_of.give_back(worker.places)
                look(worker)
            end
        elseif chance < 0.75 then
            local line = worker.places.classes[math.random(3)].line
            local waiter = math.random(2) == 1 and line.first or line.last
            if waiter then
                worker.waiters[waiter] = nil
                places_of.leave(worker.places, worker.places.by_name[waiter.name], waiter)
            end
        elseif chance < 0.751 then
            world.limit = math.random(1, 12)
        elseif chance < 0.7512 and #workers > 1 then
            worker.died_at = world.now
        elseif chance < 0.7514 then
            hung_until = world.now + 0.3
        else
            world.now = world.now + 0.01
            world.rate = math.random(0, 100)
            local all_look = world.now > hung_until
            for _, each in ipairs(workers) do
                if all_look or each.number ~= 1 then look(each) end
            end
            -- A place that is left to another worker is free until that one looks, or does not in time.
            local idle = places_of.waiting(worker.places) > 0 and places_of.taken(worker.places) < world.limit
            if not idle then busy_at = world.now end
            if not all_look or #workers < count then disturbed_at = world.now end
            local quiet = world.now - math.max(busy_at, disturbed_at)
            assert(quiet <= 0.3 and world.now - busy_at <= 1.2, "a place is free")
            sweep()
        end
        if step % 20 == 0 then check() end
    end
    return most_late
end

describe("the places of an upstream, whatever happens,", function()
    for seed = 1, 20 do
        it("are all given, never too many, to all in turn, in life " .. seed, function()
            local most_late = live(seed, 50000)
            -- In fair turns, but for what wait in other workers may delay, and what comes at once.
            assert.is_true(most_late < 400, "late by " .. most_late)
        end)
    end
end)
