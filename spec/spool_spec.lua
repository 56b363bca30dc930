local clock = require("resty.openclaw.core.time.clock")
local disk = require("spec.support.disk")
local eventually = require("spec.support.eventually")
local execute = require("spec.support.execute")
local fault = require("resty.openclaw.core.metrics.fault")
local files = require("resty.openclaw.core.files.files")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local spools = require("resty.openclaw.spool")

local FOLDER = ngx.config.prefix() .. "/spool"
local faults = fault.new("spool", metric_registry.open("openclaw"))

local content, shell = disk.content, disk.shell

local function write(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
end

local function exists(path)
    return not files.is_gone(path)
end

local opened = {}

local function new(options)
    local settings = {
        directory = FOLDER .. "/sink", most_bytes = 1e6, segment_bytes = 1e5, drop_oldest = true,
        fsync = "never", fsync_seconds = 1, thread_pool = "default", faults = faults,
    }
    for name, value in pairs(options or {}) do settings[name] = value end
    local spool = spools.new(settings)
    opened[#opened + 1] = spool
    return spool
end

--- As kill -9 does it: locks and files are closed, and nothing else happens.
local function kill(spool)
    if spool.own then
        if spool.disk.file then files.close(spool.disk.file) end
        if spool.own.reader then files.close(spool.own.reader) end
        files.close(spool.own.file)
    end
    for _, lane in ipairs(spool.adopted) do
        if lane.reader then files.close(lane.reader) end
        files.close(lane.file)
    end
    spool.own, spool.adopted, spool.disk.file, spool.disk.retired = nil, {}, nil, {}
end

local function append(spool, ...)
    for _, line in ipairs({ ... }) do
        local ok, err, dropped = spools.append(spool, line)
        assert.equal(nil, err)
        assert.is_true(ok)
        assert.equal(0, dropped)
    end
end

local function take_all(spool, most_entries)
    local all = {}
    repeat
        local text, entries = spools.take(spool, most_entries or 100, 1e6)
        all[#all + 1] = text
        spools.finish(spool)
    until entries == 0
    return table.concat(all)
end

--- What a new owner finds.
local function adopted(options)
    local spool = new(options)
    assert(spools.open(spool))
    spools.adopt(spool)
    return spool
end

local function same_counts(spool, entries, bytes)
    assert.same({ entries, bytes, 0, 0 }, { spool.entries, spool.bytes, spool.flying_entries, spool.flying_bytes })
end

describe("spool", function()
    before_each(function()
        shell("rm -rf %s && mkdir -p %s", FOLDER, FOLDER)
    end)
    after_each(function()
        for _, spool in ipairs(opened) do spools.close(spool) end
        opened = {}
        -- What takes long here does not yield: the timeouts of the next spec must not begin in the past.
        ngx.update_time()
    end)

    it("gives entries back in order, each with its line end", function()
        local spool = new()
        append(spool, "one", "two", '{"three":3}')
        same_counts(spool, 3, 20)
        local text, entries, oldest_at = spools.take(spool, 2, 1000)
        assert.same({ "one\ntwo\n", 2 }, { text, entries })
        assert.is_true(math.abs(clock.now() - oldest_at) < 2)
        assert.same({ 1, 12, 2, 8 }, { spool.entries, spool.bytes, spool.flying_entries, spool.flying_bytes })
        spools.finish(spool)
        assert.equal('{"three":3}\n', (spools.take(spool, 2, 1000)))
        spools.finish(spool)
        same_counts(spool, 0, 0)
        assert.same({ "", 0, 0 }, { spools.take(spool, 2, 1000) })
    end)

    it("writes files that can be read without it, for their owner alone", function()
        local spool = new()
        append(spool, "one", "two")
        local text = content(FOLDER .. "/sink/1/00000001.log")
        assert.truthy(text:match("^%x%x%x%x%x%x%x%x" .. ("%x"):rep(8) .. "one\n" .. ("%x"):rep(16) .. "two\n$"))
        local checksum, rest = text:match("^(%x%x%x%x%x%x%x%x)([^\n]*)\n")
        assert.equal(("%08x"):format(ngx.crc32_long(rest)), checksum)
        assert.is_true(math.abs(ngx.time() - tonumber(rest:sub(1, 8), 16)) < 2)
        shell("test $(cut -c17- %s/sink/1/00000001.log | tr '\\n' .) = one.two.", FOLDER)
        shell("test $(stat -c %%a %s/sink/1/00000001.log) = 600", FOLDER)
        shell("test $(stat -c %%a %s/sink/1) = 700", FOLDER)
    end)

    it("makes batches of so many entries and so many bytes, but never of none", function()
        local spool = new()
        append(spool, "1234", "1234", "1234", ("x"):rep(300000), "1")
        assert.equal("1234\n1234\n", (spools.take(spool, 2, 1000)))
        spools.finish(spool)
        assert.equal("1234\n", (spools.take(spool, 10, 300000)))
        spools.finish(spool)
        assert.equal(("x"):rep(300000) .. "\n", (spools.take(spool, 10, 5)))
        spools.finish(spool)
        assert.equal("1\n", (spools.take(spool, 10, 5)))
    end)

    it("gives a batch once more that is given back", function()
        local spool = new()
        append(spool, "1", "2", "3")
        spools.take(spool, 1, 1000)
        spools.finish(spool)
        assert.equal("2\n3\n", (spools.take(spool, 5, 1000)))
        append(spool, "4")
        spools.give_back(spool)
        same_counts(spool, 3, 6)
        assert.equal("2\n3\n4\n", (spools.take(spool, 5, 1000)))
        spools.finish(spool)
        same_counts(spool, 0, 0)
    end)

    it("goes on in a new segment, and removes those that are delivered", function()
        local spool = new({ segment_bytes = 60 })
        for number = 1, 9 do append(spool, "entry " .. number) end
        assert.same({ 1, 2, 3, 4, 5 }, require("resty.openclaw.spool.lane").numbers(FOLDER .. "/sink/1"))
        assert.equal(9 * 24, spool.file_bytes)
        assert.equal("entry 1\nentry 2\nentry 3\n", (spools.take(spool, 3, 1000)))
        assert.is_true(exists(FOLDER .. "/sink/1/00000001.log"))
        spools.finish(spool)
        assert.is_false(exists(FOLDER .. "/sink/1/00000001.log"))
        assert.is_true(exists(FOLDER .. "/sink/1/00000002.log"))
        assert.equal(7 * 24, spool.file_bytes)
        assert.equal("entry 4\nentry 5\nentry 6\nentry 7\nentry 8\nentry 9\n", take_all(spool))
        assert.equal(24, spool.file_bytes)
    end)

    it("leaves nothing behind when all is delivered", function()
        local spool = new({ segment_bytes = 60 })
        for number = 1, 9 do append(spool, "entry " .. number) end
        take_all(spool)
        spools.close(spool)
        shell("test -z \"$(find %s -name '*.log')\"", FOLDER)
        local again = new()
        append(again, "more")
        spools.close(again)
        assert.equal("more\n", take_all(adopted()))
    end)

    it("hands over what a process that was killed left behind, in order", function()
        local first = new({ segment_bytes = 60 })
        for number = 1, 9 do append(first, "entry " .. number) end
        spools.take(first, 3, 1000)
        spools.finish(first)
        spools.take(first, 2, 1000)
        kill(first)
        local second = adopted()
        same_counts(second, 6, 48)
        append(second, "entry 10")
        assert.equal("entry 4\nentry 5\nentry 6\nentry 7\nentry 8\nentry 9\n", (spools.take(second, 100, 1000)))
        assert.equal(1, second.entries)
        spools.finish(second)
        assert.equal("entry 10\n", take_all(second))
        shell("test -z \"$(find %s/sink/1 -name '*.log')\"", FOLDER)
    end)

    it("leaves alone what has an owner, and gives each owner a lane", function()
        local first, second = new(), new()
        append(first, "first")
        append(second, "second")
        spools.adopt(second)
        same_counts(second, 1, 7)
        assert.equal("second\n", take_all(second))
        assert.equal("first\n", take_all(first))
        assert.same({ FOLDER .. "/sink/1", FOLDER .. "/sink/2" }, { first.own.path, second.own.path })
        -- A lane that is empty and nobody's is taken again.
        spools.close(first)
        local third = adopted()
        assert.equal(FOLDER .. "/sink/1", third.own.path)
        assert.equal(0, third.entries)
    end)

    it("takes over from a real process that was killed", function()
        local spool = new()
        append(spool, "left")
        kill(spool)
        local lock = FOLDER .. "/sink/1/position"
        shell("sh -c 'flock -x 9; echo $$ >%s/pid; exec sleep 60' 9<%s & while ! test -s %s/pid; do :; done", FOLDER, lock, FOLDER)
        local heir = adopted()
        same_counts(heir, 0, 0)
        shell("kill -9 $(cat %s/pid)", FOLDER)
        eventually(function()
            spools.adopt(heir)
            return heir.entries == 1
        end)
        assert.equal("left\n", take_all(heir))
    end)

    it("cuts what was not written as a whole, wherever it was cut", function()
        local first = new()
        append(first, "1", "22", "333")
        kill(first)
        local path = FOLDER .. "/sink/1/00000001.log"
        local whole = content(path)
        local ends = { [18] = "1\n", [37] = "1\n22\n", [57] = "1\n22\n333\n" }
        local expected = ""
        for bytes = 0, #whole do
            shell("mkdir -p %s/sink/1", FOLDER)
            write(path, whole:sub(1, bytes))
            expected = ends[bytes] or expected
            local heir = adopted()
            assert.equal(#expected, heir.bytes)
            assert.equal(expected, take_all(heir))
            assert.equal(0, heir.broken)
            same_counts(heir, 0, 0)
            kill(heir)
            shell("rm -rf %s/sink", FOLDER)
        end
        assert.equal("1\n22\n333\n", expected)
    end)

    it("skips and counts lines in which any bit is flipped, and delivers all others", function()
        local first = new()
        append(first, "one", "two", "three")
        kill(first)
        local path = FOLDER .. "/sink/1/00000001.log"
        local whole = content(path)
        for at = 1, #whole do
            shell("mkdir -p %s/sink/1", FOLDER)
            local byte = bit.bxor(whole:byte(at), bit.lshift(1, at % 8))
            write(path, whole:sub(1, at - 1) .. string.char(byte) .. whole:sub(at + 1))
            local heir = adopted()
            local found = heir.entries
            local got = take_all(heir)
            local came = select(2, got:gsub("\n", ""))
            assert.equal(found, came + heir.broken)
            same_counts(heir, 0, 0)
            -- A flipped line end takes two lines, or the last one, which then looks cut off.
            if at == #whole then
                assert.equal("one\ntwo\n", got)
            else
                local lost = whole:sub(at, at) == "\n" and 2 or 1
                assert.equal(3 - lost, came)
                assert.is_true(heir.broken >= 1)
            end
            kill(heir)
            shell("rm -rf %s/sink", FOLDER)
        end
    end)

    it("counts as broken what it wrote itself and cannot read any more", function()
        local spool = new()
        append(spool, "one", "two", "three")
        write(FOLDER .. "/sink/1/00000001.log", "rubbish\n" .. ("\0"):rep(1000))
        assert.equal("", take_all(spool))
        assert.equal(3, spool.broken)
        same_counts(spool, 0, 0)
    end)

    it("delivers what comes behind a mass of rubbish without a line end", function()
        local spool = new({ segment_bytes = 60 })
        append(spool, "one", "two", "three", "four")
        write(FOLDER .. "/sink/1/00000001.log", ("\0"):rep(1e6))
        kill(spool)
        assert.equal("three\nfour\n", take_all(adopted()))
    end)

    it("delivers all again when the position is damaged, and forgets nothing", function()
        for _, rubbish in ipairs({ "", "x", ("9"):rep(37), "0000000001 0000000000000018 00000000\n", ("\0"):rep(37) }) do
            local spool = new()
            append(spool, "one", "two")
            spools.take(spool, 1, 1000)
            spools.finish(spool)
            kill(spool)
            write(FOLDER .. "/sink/1/position", rubbish)
            assert.equal("one\ntwo\n", take_all(adopted()))
            shell("rm -rf %s/sink", FOLDER)
        end
    end)

    it("does not take a new segment for a delivered one", function()
        for _ = 1, 3 do
            local spool = adopted()
            append(spool, "one", "two")
            assert.equal("one\ntwo\n", take_all(spool))
            kill(spool)
        end
        local spool = adopted()
        append(spool, "last")
        kill(spool)
        assert.equal("last\n", take_all(adopted()))
    end)

    describe("at its quota", function()
        local function fill(spool, entries)
            local dropped, refused = 0, 0
            for number = 1, entries do
                local ok, err, gone = spools.append(spool, ("entry %04d"):format(number))
                dropped = dropped + gone
                if not ok then
                    assert.equal("full", err)
                    refused = refused + 1
                    spool.blocked_until = 0
                end
            end
            return dropped, refused
        end

        it("gives up the oldest segments", function()
            local spool = new({ most_bytes = 1000, segment_bytes = 100 })
            local dropped, refused = fill(spool, 200)
            assert.equal(0, refused)
            assert.equal(200, dropped + spool.entries)
            local got = take_all(spool)
            assert.equal(200 - dropped, select(2, got:gsub("\n", "")))
            assert.equal(("entry %04d"):format(dropped + 1), got:sub(1, 10))
            assert.equal("entry 0200\n", got:sub(-11))
            assert.is_true(spool.file_bytes <= 1000)
            same_counts(spool, 0, 0)
        end)

        it("refuses the new ones where it is told to, until there is room", function()
            local spool = new({ most_bytes = 1000, segment_bytes = 100, drop_oldest = false })
            local dropped, refused = fill(spool, 200)
            assert.equal(0, dropped)
            assert.equal(200 - refused, spool.entries)
            shell("test $(cat %s/sink/1/*.log | wc -c) -le 1000", FOLDER)
            assert.is_nil((spools.append(spool, "more")))
            local got = take_all(spool)
            assert.equal("entry 0001\n", got:sub(1, 11))
            assert.equal(200 - refused, select(2, got:gsub("\n", "")))
            append(spool, "and again")
        end)

        it("never gives up what is in flight, nor what others own", function()
            local other = new({ most_bytes = 1000, segment_bytes = 100 })
            fill(other, 12)
            local spool = new({ most_bytes = 1000, segment_bytes = 100 })
            fill(spool, 12)
            local text = spools.take(spool, 2, 1000)
            local dropped = fill(spool, 200)
            assert.is_true(dropped > 0)
            assert.equal("entry 0001\nentry 0002\n", text)
            spools.give_back(spool)
            assert.equal(text, (spools.take(spool, 2, 1000)))
            assert.equal(12, other.entries)
            assert.equal(12, select(2, take_all(other):gsub("\n", "")))
            shell("test $(cat %s/sink/*/*.log | wc -c) -le 1100", FOLDER)
        end)
    end)

    describe("when the disk fails", function()
        local function replace(owner, field, value)
            local real = owner[field]
            owner[field] = value
            return function() owner[field] = real end
        end

        it("refuses, tries again after a second, and then goes on without a trace", function()
            local spool = new()
            append(spool, "one")
            local tries = 0
            local restore = replace(files, "write", function(file, memory, count)
                tries = tries + 1
                -- A part of it is written.
                assert(spool.disk.file == file)
                require("ffi").C.openclaw_files_write(file, memory, math.floor(count / 2))
                return "cannot write: No space left on device"
            end)
            local ok, err, dropped = spools.append(spool, "two")
            assert.same({ nil, "cannot write: No space left on device", 0 }, { ok, err, dropped })
            assert.is_nil((spools.append(spool, "three")))
            assert.equal(1, tries)
            spool.blocked_until = 0
            assert.is_nil((spools.append(spool, "four")))
            assert.equal(2, tries)
            restore()
            spool.blocked_until = 0
            append(spool, "five")
            assert.equal("one\nfive\n", take_all(spool))
            assert.equal(0, spool.broken)
        end)

        it("goes on in another segment where it cannot cut", function()
            local spool = new()
            append(spool, "one")
            local restore = replace(files, "truncate", function() return "cannot truncate" end)
            local restore_write = replace(files, "write", function(file, memory, count)
                require("ffi").C.openclaw_files_write(file, memory, count - 1)
                return "cannot write"
            end)
            spools.append(spool, "two")
            restore_write()
            restore()
            spool.blocked_until = 0
            append(spool, "three")
            kill(spool)
            assert.equal("one\nthree\n", take_all(adopted()))
        end)

        it("says so when there is no folder for it, and goes on when there is", function()
            write(FOLDER .. "/sink", "in the way")
            local spool = new()
            local ok, err = spools.open(spool)
            assert.is_nil(ok)
            assert.equal("cannot open the folder: Not a directory", err)
            assert.is_nil((spools.append(spool, "one")))
            shell("rm %s/sink", FOLDER)
            spool.blocked_until = 0
            append(spool, "two")
            assert.equal("two\n", take_all(spool))
            assert.is_nil((spools.open(new({ directory = FOLDER .. "/not/there/at/all" }))))
        end)

        it("begins anew when somebody has removed the folder", function()
            local spool = new({ segment_bytes = 60 })
            append(spool, "one", "two")
            shell("rm -rf %s/sink", FOLDER)
            assert.is_nil((spools.append(spool, "three")))
            spool.blocked_until = 0
            append(spool, "four")
            assert.equal("four\n", take_all(spool))
            assert.equal(2, spool.broken)
            same_counts(spool, 0, 0)
        end)

        it("keeps all that fits a full file system, and delivers from it", function()
            local folder = FOLDER .. "/small"
            shell("mkdir %s", folder)
            if not execute("mount -t tmpfs -o size=64k,mode=755 tmpfs " .. folder .. " 2>/dev/null") then
                return pending("only those who may mount can try this")
            end
            local spool = new({ directory = folder .. "/sink" })
            local taken, last_err = {}, nil
            for number = 1, 100 do
                local line = number .. (" "):rep(1000)
                local ok, err = spools.append(spool, line)
                if ok then taken[#taken + 1] = line .. "\n" else last_err = err end
                spool.blocked_until = 0
            end
            local got = take_all(spool)
            kill(spool)
            shell("umount %s", folder)
            assert.is_true(#taken > 10 and #taken < 70)
            assert.equal("cannot write: No space left on device", last_err)
            assert.equal(table.concat(taken), got)
        end)
    end)

    describe("waits for the disk", function()
        local function count_syncs(run)
            local real, seen = files.sync, {}
            files.sync = function(file)
                seen[#seen + 1] = file
                return real(file)
            end
            local ok, err = pcall(run, seen)
            files.sync = real
            assert(ok, err)
        end

        it("once for all who wait, with always", function()
            count_syncs(function(seen)
                local spool = new({ fsync = "always", thread_pool = "nowhere" })
                append(spool, "first")
                spools.wait(spool)
                seen[1], seen[2] = nil, nil
                local done = 0
                for number = 1, 10 do
                    ngx.thread.spawn(function()
                        append(spool, tostring(number))
                        spools.wait(spool)
                        assert.equal(spool.disk.written, spool.disk.synced)
                        done = done + 1
                    end)
                end
                assert.equal(0, done)
                eventually(function() return done == 10 end)
                assert.equal(1, #seen)
            end)
        end)

        it("after a while, with interval, and not without need", function()
            count_syncs(function(seen)
                local spool = new({ fsync = "interval", fsync_seconds = 0.05 })
                for number = 1, 10 do append(spool, tostring(number)) end
                spools.wait(spool)
                assert.equal(0, spool.disk.synced)
                eventually(function() return spool.disk.synced == 10 end)
                assert.is_nil(spool.disk.planned_at)
                -- Folders have new names, too.
                assert.is_true(#seen >= 1 and #seen <= 3)
            end)
        end)

        it("never, with never", function()
            count_syncs(function(seen)
                local spool = new({ segment_bytes = 60 })
                append(spool, "one", "two", "three", "four")
                spools.close(spool)
                assert.equal(0, #seen)
            end)
        end)

        it("when it closes, whatever was left", function()
            count_syncs(function(seen)
                local spool = new({ fsync = "interval", fsync_seconds = 60, segment_bytes = 60 })
                append(spool, "one", "two", "three", "four")
                spools.close(spool)
                assert.equal(2, #seen)
            end)
        end)

        it("and leaves a segment that the disk refuses", function()
            local real = files.sync
            files.sync = function() return "cannot sync: Input/output error" end
            local spool = new({ fsync = "always", thread_pool = "nowhere" })
            append(spool, "one")
            spools.wait(spool)
            files.sync = real
            append(spool, "two")
            assert.is_true(exists(FOLDER .. "/sink/1/00000002.log"))
            assert.equal("one\ntwo\n", take_all(spool))
        end)
    end)

    it("takes over from the one that has waited longest first", function()
        local real = ngx.time
        for index, age in ipairs({ 10, 30, 20 }) do
            local spool = new()
            ngx.time = function() return real() - age end
            append(spool, "number " .. index)
            ngx.time = real
        end
        for _, spool in ipairs(opened) do kill(spool) end
        local heir = adopted()
        assert.is_true(math.abs(clock.now() - 30 - heir.oldest_at) < 2)
        local text, _, oldest_at = spools.take(heir, 10, 100)
        assert.equal("number 2\n", text)
        assert.is_true(math.abs(clock.now() - 30 - oldest_at) < 2)
        spools.finish(heir)
        assert.equal("number 3\nnumber 1\n", take_all(heir))
    end)

    it("takes over some lanes at a time, however many there are, and leaves few files open", function()
        local expected = {}
        for number = 1, 40 do
            local spool = new()
            append(spool, "entry " .. number)
            expected["entry " .. number] = true
        end
        for _, spool in ipairs(opened) do kill(spool) end
        local heir = adopted()
        assert.equal(16, heir.entries)
        for _, lane in ipairs(heir.adopted) do assert.is_nil(lane.reader) end
        for _ = 1, 3 do
            for line in take_all(heir):gmatch("[^\n]+") do expected[line] = nil end
            spools.adopt(heir)
        end
        assert.is_nil(next(expected))
        assert.equal(0, #heir.adopted)
    end)

    it("takes a batch again whose thread has failed", function()
        local spool = new()
        append(spool, "one", "two")
        spools.take(spool, 1, 100)
        assert.equal("one\ntwo\n", (spools.take(spool, 2, 100)))
        spools.finish(spool)
        same_counts(spool, 0, 0)
    end)

    it("does as lists do, one for each process, whatever happens to these", function()
        math.randomseed(77)
        for _ = 1, 15 do
            local options = { segment_bytes = math.random(40, 400) }
            local spool = adopted(options)
            -- Of all that waits its bytes, and in which order each process had it.
            local lists, list, flying, number = {}, {}, nil, 0
            local function count()
                local entries, bytes = 0, 0
                for _, each in pairs(lists) do
                    for _, line in ipairs(each) do entries, bytes = entries + 1, bytes + #line end
                end
                return entries, bytes
            end
            lists[1] = list
            for _ = 1, 150 do
                local chance = math.random()
                if chance < 0.5 then
                    number = number + 1
                    local line = number .. ("x"):rep(math.random(0, 30))
                    append(spool, line)
                    list[#list + 1] = line .. "\n"
                elseif chance < 0.7 and not flying then
                    local most = math.random(6)
                    local text, entries = spools.take(spool, most, 200)
                    assert.is_true(entries <= most and (entries > 0 or count() == 0))
                    local owner
                    for _, each in ipairs(lists) do
                        if entries > 0 and each[1] == text:match("[^\n]*\n") then owner = each end
                    end
                    assert.equal(owner and table.concat(owner, "", 1, entries) or "", text)
                    if entries > 0 then flying = { entries = entries, owner = owner } end
                elseif chance < 0.85 and flying then
                    spools.finish(spool)
                    for _ = 1, flying.entries do table.remove(flying.owner, 1) end
                    flying = nil
                elseif chance < 0.95 then
                    spools.give_back(spool)
                    flying = nil
                else
                    if math.random(2) == 1 then kill(spool) else spools.close(spool) end
                    spool, flying, list = adopted(options), nil, {}
                    lists[#lists + 1] = list
                    assert.equal(count(), spool.entries)
                end
                assert.same({ count() }, { spool.entries + spool.flying_entries, spool.bytes + spool.flying_bytes })
                assert.equal(0, spool.broken)
            end
            kill(spool)
            shell("rm -rf %s/sink", FOLDER)
        end
    end)
end)
