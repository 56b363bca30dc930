local ffi = require("ffi")
local large_memory = require("resty.openclaw.core.memory.large_memory")
local warm_memory = require("resty.openclaw.core.memory.warm_memory")

ffi.cdef([[
    struct spec_usage { long times[4]; long sizes[4]; long minor_faults; long others[9]; };
    int spec_usage_of(int who, struct spec_usage *usage) __asm__("getrusage");
    void *spec_allocate(size_t bytes) __asm__("malloc");
    void spec_free(void *memory) __asm__("free");
    int spec_trim(size_t kept) __asm__("malloc_trim");
]])

local BYTES = 8 * 1024 * 1024
local THREAD = 1

local function faults()
    local usage = ffi.new("struct spec_usage")
    ffi.C.spec_usage_of(THREAD, usage)
    return tonumber(usage.minor_faults)
end

--- How many new pages a copy of so many bytes needs, in memory that is allocated for it.
local function faults_of_copy(bytes)
    local before = faults()
    local memory = ffi.C.spec_allocate(bytes)
    ffi.fill(memory, bytes, 1)
    ffi.C.spec_free(memory)
    return faults() - before
end

describe("warm_memory", function()
    before_each(function()
        large_memory.give_back()
        ffi.C.spec_trim(0)
    end)

    it("has a long copy need no new pages", function()
        warm_memory.prepare(BYTES)
        assert.is_true(faults_of_copy(BYTES) < 100)
    end)

    it("lets others have their turn meanwhile", function()
        local turns = 0
        local thread = ngx.thread.spawn(function()
            while true do
                turns = turns + 1
                ngx.sleep(0.001)
            end
        end)
        warm_memory.prepare(BYTES)
        ngx.thread.kill(thread)
        assert.is_true(turns > 1, turns)
    end)

    it("does nothing for what the system gives each time", function()
        local before = faults()
        warm_memory.prepare(40 * 1024 * 1024)
        assert.is_true(faults() - before < 100)
    end)
end)

describe("large_memory", function()
    it("keeps memory for bodies that follow each other, and gives back the rest", function()
        large_memory.give_back()
        ffi.C.spec_trim(0)
        faults_of_copy(12 * 1024 * 1024)
        assert.is_true(faults_of_copy(12 * 1024 * 1024) < 100)
        -- With huge pages there are fewer faults.
        assert.is_true(faults_of_copy(40 * 1024 * 1024) >= 15)
        assert.is_true(faults_of_copy(40 * 1024 * 1024) >= 15)
    end)

    it("does not give back all of it where too much is free", function()
        large_memory.give_back()
        ffi.C.spec_trim(0)
        local all = {}
        for index = 1, 4 do
            all[index] = ffi.C.spec_allocate(12 * 1024 * 1024)
            ffi.fill(all[index], 12 * 1024 * 1024, 1)
        end
        for index = 1, 4 do
            ffi.C.spec_free(all[index])
        end
        assert.is_true(faults_of_copy(12 * 1024 * 1024) < 100)
    end)
end)
