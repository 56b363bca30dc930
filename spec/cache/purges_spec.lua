local disk = require("spec.support.disk")
local eventually = require("spec.support.eventually")
local files = require("resty.openclaw.core.files.files")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local purge_file = require("resty.openclaw.cache.purges.purge_file")
local purge_lists = require("resty.openclaw.cache.purges")

local KEY = ("0123456789abcdef"):rep(4)

describe("cache.purges", function()
    local folder, path

    before_each(function()
        folder = os.tmpname()
        os.remove(folder)
        disk.shell("mkdir %s", folder)
        path = folder .. "/purges"
    end)
    after_each(function() disk.shell("rm -rf %s", folder) end)

    --- As a worker has them: another one each time.
    local function open()
        return purge_lists.new({ purges = path, thread_pool = "none" }, "openclaw", "setup: cache")
    end

    local function started()
        local purges = open()
        purge_lists.init_worker(purges)
        eventually(function() return not files.is_gone(path) and not purges.is_lost end)
        return purges
    end

    local function faults(kind)
        local family = metric_registry.open("openclaw").families["openclaw_faults_total"]
        local handle = family:labels("cache", kind)
        return require("resty.openclaw.core.metrics.metric_handles").total(handle)
    end

    local function write(text)
        local file = assert(io.open(path, "wb"))
        file:write(text)
        file:close()
    end

    it("are nothing without the option", function()
        assert.is_nil(purge_lists.new({ thread_pool = "default" }, "openclaw", "setup: cache"))
    end)

    it("give another part to those requests that are subject to a purge", function()
        local purges, other = started(), started()
        local function part(...) return purge_lists.part_of(purges, ...) end
        local first = part("r", "t", "m")
        assert.equal(first, part("s", "", nil))
        assert.same({ generation = 1, is_all = false }, (purges:add({ route = "r", model = "m" })))
        local second = part("r", "t", "m")
        assert.not_equal(first, second)
        assert.equal(second, part("r", "u", nil))
        assert.equal(first, part("r", "t", "n"))
        assert.equal(first, part("s", "t", "m"))
        -- The other worker knows at its next request.
        assert.equal(second, purge_lists.part_of(other, "r", "t", "m"))
        assert.same({ generation = 2, is_all = true }, (other:add({})))
        local third = part("s", "t", "m")
        assert.not_equal(first, third)
        assert.equal(third, part("r", "t", "m"))
        assert.same({ path = path, filters = 1, last = 2, at = purges.at }, purges:state())
        assert.is_true(math.abs(purges.at - ngx.time()) <= 1)
        -- And one that begins later.
        assert.equal(third, purge_lists.part_of(open(), "r", "t", "m"))
    end)

    it("are those of the file when a worker begins, whatever the master has read", function()
        local when_missing, here = open(), started()
        local when_there = open()
        here:add({ route = "r" })
        -- By another gateway, whose workers do not change the number in shared memory.
        local answer = purge_file.add(path, here.known_epoch, here.known_last, "route=s", 5)
        assert.equal("done 2", answer)
        for _, purges in ipairs({ when_missing, when_there }) do
            purges.seen = purges.stamp[0]
            local before = purge_lists.part_of(purges, "s", "", nil)
            purge_lists.init_worker(purges)
            local after = purge_lists.part_of(purges, "s", "", nil)
            assert.not_equal(before, after)
            assert.equal(after, purge_lists.part_of(open(), "s", "", nil))
        end
    end)

    it("know keys that were purged alone", function()
        local purges = started()
        local before = purge_lists.part_of(purges, "r", "", nil)
        assert.is_false(purges.has_keys)
        purges:add({ key = KEY })
        assert.equal(before, purge_lists.part_of(purges, "r", "", nil))
        assert.is_true(purges.has_keys)
        assert.equal("1", purge_lists.generation_of_key(purges, KEY))
        assert.is_nil(purge_lists.generation_of_key(purges, ("0"):rep(64)))
        purges:add({ key = KEY })
        purge_lists.part_of(purges, "r", "", nil)
        assert.equal("2", purge_lists.generation_of_key(purges, KEY))
        purges:add({})
        purge_lists.part_of(purges, "r", "", nil)
        assert.is_false(purges.has_keys)
    end)

    it("read the file only when it has changed", function()
        local purges = started()
        purge_lists.part_of(purges, "r", "", nil)
        local reads = 0
        local beginning = files.beginning
        local revert = stub(files, "beginning", function(...)
            reads = reads + 1
            return beginning(...)
        end)
        for _ = 1, 3 do purge_lists.part_of(purges, "r", "", nil) end
        assert.equal(0, reads)
        purges:add({ route = "r" })
        reads = 0
        for _ = 1, 3 do purge_lists.part_of(purges, "r", "", nil) end
        assert.equal(1, reads)
        revert:revert()
    end)

    it("purge everything where the file cannot be read, and begin it anew", function()
        local purges = started()
        purges:add({ route = "r" })
        local before = purge_lists.part_of(purges, "s", "", nil)
        local known = faults("purges_unreadable")
        write("openclaw purges 1 what is this")
        local lost
        eventually(function()
            lost = purge_lists.part_of(purges, "s", "", nil)
            return lost ~= before
        end)
        assert.equal(known + 1, faults("purges_unreadable"))
        -- Every other worker has the same in the end.
        eventually(function() return not purges.is_lost end)
        assert.equal(lost, purge_lists.part_of(purges, "s", "", nil))
        assert.equal(lost, purge_lists.part_of(open(), "s", "", nil))
        assert.is_false(files.is_gone(path .. ".damaged"))
    end)

    it("claim no purge that was not kept", function()
        local purges = started()
        local before = purge_lists.part_of(purges, "r", "", nil)
        local known, failed = faults("purges_unwritable"), require("resty.openclaw.core.metrics.metric_handles").total(purges.failed)
        local revert = stub(files, "write", function() return "cannot write: oops" end)
        assert.same({ nil, path .. ": cannot write: oops" }, { purges:add({}) })
        revert:revert()
        assert.equal(known + 1, faults("purges_unwritable"))
        assert.equal(failed + 1, require("resty.openclaw.core.metrics.metric_handles").total(purges.failed))
        assert.equal(before, purge_lists.part_of(purges, "r", "", nil))
    end)

    it("refuse a file that is none of theirs", function()
        local function refuses(sentence)
            local ok, err = pcall(open)
            assert.is_false(ok)
            assert.equal(sentence, err)
        end
        write("root:x:0\n")
        refuses("setup: cache.purges: " .. path .. " is another file; name one that does not exist yet")
        path = folder
        refuses("setup: cache.purges: cannot read " .. folder .. ": cannot read: Is a directory")
    end)
end)
