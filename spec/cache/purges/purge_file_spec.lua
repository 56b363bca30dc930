local disk = require("spec.support.disk")
local files = require("resty.openclaw.core.files.files")
local lists = require("resty.openclaw.cache.purges.list")
local purge_file = require("resty.openclaw.cache.purges.purge_file")

describe("cache.purges.purge_file", function()
    local folder, path
    local EPOCH = ("0"):rep(32)

    before_each(function()
        folder = os.tmpname()
        os.remove(folder)
        disk.shell("mkdir %s", folder)
        path = folder .. "/purges"
    end)
    after_each(function() disk.shell("rm -rf %s", folder) end)

    local function write(text)
        local file = assert(io.open(path, "wb"))
        file:write(text)
        file:close()
    end

    local function names()
        local found = assert(files.names(folder))
        table.sort(found)
        return table.concat(found, " ")
    end

    it("is begun where there is none, and left alone where there is one", function()
        assert.same({ nil, "missing" }, { purge_file.read(path) })
        assert.equal("begun", purge_file.begin(path, "", 0, EPOCH))
        assert.same({ epoch = EPOCH, last = 0, at = 0, entries = {} }, (purge_file.read(path)))
        local text = disk.content(path)
        assert.equal("there", purge_file.begin(path, "", 0, ("1"):rep(32)))
        assert.equal(text, disk.content(path))
        assert.equal("purges", names())
    end)

    it("gets each purge", function()
        purge_file.begin(path, "", 0, EPOCH)
        assert.equal("done 1", purge_file.add(path, EPOCH, 0, "route=a", 5))
        assert.equal("done 2", purge_file.add(path, EPOCH, 1, "route=b", 6))
        local list = purge_file.read(path)
        assert.same({ EPOCH, 2, 6, 2 }, { list.epoch, list.last, list.at, #list.entries })
        assert.equal("all 3", purge_file.add(path, EPOCH, 0, "all", 7))
        -- For nobody else.
        disk.shell("test $(stat -c %%a %s) = 600", path)
        assert.equal("purges", names())
    end)

    it("overwrites what was left of a write that was killed", function()
        purge_file.begin(path, "", 0, EPOCH)
        disk.shell("head -c 100000 /dev/zero > %s.new", path)
        assert.equal("done 1", purge_file.add(path, EPOCH, 0, "route=a", 5))
        assert.equal(1, purge_file.read(path).last)
    end)

    it("begins anew, with everything purged, where the list is lost", function()
        assert.equal("all 1", purge_file.add(path, "", 0, "route=a", 5))
        local first = purge_file.read(path)
        write(lists.written(first):sub(1, -2))
        assert.equal("all 1", purge_file.add(path, "", 0, "route=b", 5))
        local second = purge_file.read(path)
        assert.not_equal(first.epoch, second.epoch)
        assert.equal("purges purges.damaged", names())
        -- Put back by somebody: this one has known a higher number.
        assert.equal("all 1", purge_file.add(path, second.epoch, 2, "route=b", 5))
        assert.not_equal(second.epoch, purge_file.read(path).epoch)
        assert.equal("begun", purge_file.begin(path, purge_file.read(path).epoch, 2, EPOCH))
        assert.equal(EPOCH, purge_file.read(path).epoch)
    end)

    it("never overwrites another file", function()
        write("root:x:0\n")
        for _, answer in ipairs({ purge_file.add(path, "", 0, "all", 5), purge_file.begin(path, "", 0, EPOCH) }) do
            assert.equal("failed " .. path .. " has something else than purges", answer)
        end
        assert.equal("root:x:0\n", disk.content(path))
    end)

    it("is changed by one at a time", function()
        local held = assert(files.open(folder, "read"))
        assert.is_true(files.lock(held))
        assert.equal(purge_file.BUSY, purge_file.add(path, "", 0, "all", 5))
        assert.equal(purge_file.BUSY, purge_file.begin(path, "", 0, EPOCH))
        assert.equal("", names())
        files.close(held)
        assert.equal("all 1", purge_file.add(path, "", 0, "all", 5))
        -- The lock is free whatever happened.
        stub(files, "rename", function() error("oops", 0) end)
        assert.equal("failed oops", purge_file.add(path, "", 0, "all", 5))
        files.rename:revert()
        assert.equal("all 2", purge_file.add(path, "", 0, "all", 5))
    end)

    it("is as it was after each failure", function()
        purge_file.begin(path, "", 0, EPOCH)
        local text = disk.content(path)
        for _, name in ipairs({ "write", "sync", "rename" }) do
            local revert = stub(files, name, function() return "cannot " .. name .. ": oops" end)
            assert.equal(("failed cannot %s: oops"):format(name), purge_file.add(path, EPOCH, 0, "all", 5))
            if name ~= "rename" then assert.equal(("failed cannot %s: oops"):format(name), purge_file.begin(path, EPOCH, 0, EPOCH)) end
            revert:revert()
            assert.equal(text, disk.content(path))
            assert.equal("purges", names())
        end
        -- The name is in place, but nobody knows whether it is on the disk: one more purge, which nobody claims.
        local syncs = 0
        local revert = stub(files, "sync", function()
            syncs = syncs + 1
            return syncs == 2 and "cannot sync: oops" or nil
        end)
        assert.equal("failed cannot sync: oops", purge_file.add(path, EPOCH, 0, "route=a", 5))
        revert:revert()
        assert.equal("done 2", purge_file.add(path, EPOCH, 0, "route=a", 5))
    end)

    it("says so where the disk is full, and where there is no folder", function()
        local small = disk.mount(16)
        if small then
            assert.equal("begun", purge_file.begin(small .. "/purges", "", 0, EPOCH))
            disk.fill(small)
            local answer = purge_file.add(small .. "/purges", EPOCH, 0, "all", 5)
            assert.matches("^failed cannot ", answer)
            assert.is_true(files.is_full(answer))
            assert.equal(0, purge_file.read(small .. "/purges").last)
            disk.unmount()
        end
        assert.matches("^failed cannot open: No such file", purge_file.add(folder .. "/none/purges", EPOCH, 0, "all", 5))
        assert.matches("^failed ", purge_file.add(folder, EPOCH, 0, "all", 5))
    end)

    it("knows the folder of a file", function()
        assert.equal("/var/lib", purge_file.folder_of("/var/lib/purges"))
        assert.equal("/", purge_file.folder_of("/purges"))
    end)

    it("is replaced by a list that gateways share, unless it has that or a later one", function()
        local early, late = ("0"):rep(39) .. "1", ("0"):rep(39) .. "2"
        local function adopt(epoch, last)
            local lines = last > 0 and last .. " route=a\n" or ""
            return purge_file.adopt(path, "", 0, lists.written(lists.of_lines(epoch, last, 0, lines)))
        end
        local function content()
            local list = purge_file.read(path)
            return list.epoch .. list.last
        end
        assert.equal("done", adopt(early, 5))
        assert.equal("there", adopt(early, 5))
        assert.equal("there", adopt(early, 4))
        assert.equal(early .. 5, content())
        assert.equal("done", adopt(late, 0))
        assert.equal("there", adopt(early, 9))
        assert.equal("done", adopt(late, 7))
        assert.equal(late .. 7, content())
        assert.equal("failed the list is damaged", purge_file.adopt(path, "", 0, "openclaw purges 1 what is this"))
        -- One that is older than what is known was put back.
        assert.equal("done", purge_file.adopt(path, late, 8, lists.written(lists.of_lines(late, 8, 0, "8 all\n"))))
        assert.equal("purges purges.damaged", names())
        -- That of one gateway.
        write(lists.written({ epoch = ("f"):rep(32), last = 9, at = 0, entries = {} }))
        assert.equal("done", adopt(early, 0))
        assert.equal("purges purges.damaged", names())
    end)

    it("is removed where a list that gateways share cannot be written", function()
        purge_file.begin(path, "", 0, EPOCH)
        local revert = stub(files, "write", function() return "cannot write: oops" end)
        local list = lists.of_lines(("0"):rep(40), 0, 0, "")
        assert.equal("failed cannot write: oops", purge_file.adopt(path, "", 0, lists.written(list)))
        revert:revert()
        assert.equal("", names())
    end)
end)
