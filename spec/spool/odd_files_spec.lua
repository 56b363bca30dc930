-- What somebody has put into a spool's folder that is none of ours must not stop it: new records are taken, and what is
-- delivered otherwise is delivered.
local disk = require("spec.support.disk")
local files = require("resty.openclaw.core.files.files")
local spools = require("resty.openclaw.spool")

local FOLDER = ngx.config.prefix() .. "/odd_spool"
local content, shell = disk.content, disk.shell

--- Commands that put something odd in the place of a name.
local ODD = {
    ["a folder"] = "mkdir %s",
    ["a folder with a file"] = "mkdir %s && touch %s/one",
    ["a pipe"] = "mkfifo %s",
    ["a socket"] = "perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(shift)) or die' %s",
    ["a link to a file"] = "echo 'x secret' > " .. FOLDER .. "/secret && ln -s " .. FOLDER .. "/secret %s",
    ["a link to a folder"] = "ln -s / %s",
    ["a link to nowhere"] = "ln -s /no/such/file %s",
    ["a link to itself"] = "ln -s %s %s",
}

local function put(command, path)
    shell("%s", (command:gsub("%%s", path)))
end

local told
local faults = { report = function(_, kind, ...) told[#told + 1] = kind .. ": " .. table.concat({ ... }) end }
local opened

local function new()
    local spool = spools.new({
        directory = FOLDER .. "/sink", most_bytes = 1e6, segment_bytes = 200, drop_oldest = false,
        fsync = "never", fsync_seconds = 1, thread_pool = "default", faults = faults,
    })
    opened[#opened + 1] = spool
    return spool
end

local function append(spool, line)
    local ok, err = spools.append(spool, line)
    assert.equal(nil, err)
    assert.is_true(ok)
end

local function take_all(spool)
    local all = {}
    repeat
        local text, entries = spools.take(spool, 100, 1e6)
        all[#all + 1] = text
        spools.finish(spool)
    until entries == 0
    return table.concat(all)
end

--- A lane with three segments of one entry each, left behind.
local function leave_behind()
    local spool = new()
    for _, word in ipairs({ "one", "two", "three" }) do append(spool, word .. ("."):rep(150)) end
    local path = spool.own.path
    spools.close(spool)
    return path
end

local function line(word)
    return word .. ("."):rep(150) .. "\n"
end

describe("a spool, among things that are none of its own,", function()
    before_each(function()
        shell("rm -rf %s && mkdir -p %s", FOLDER, FOLDER)
        told, opened = {}, {}
    end)
    after_each(function()
        for _, spool in ipairs(opened) do spools.close(spool) end
        shell("rm -rf %s", FOLDER)
        ngx.update_time()
    end)

    for what, command in pairs(ODD) do
        it("passes over " .. what .. " in place of a segment, delivers the others and takes new entries", function()
            local lane = leave_behind()
            local odd = lane .. "/00000002.log"
            shell("rm %s", odd)
            put(command, odd)
            local spool = new()
            append(spool, "new")
            spools.adopt(spool)
            assert.equal(3, spool.entries)
            assert.equal(line("one") .. line("three") .. "new\n", take_all(spool))
            shell("test -e %s -o -L %s", odd, odd)
            assert.equal("adopt: " .. odd .. ": no plain file", told[1])
        end)

        it("passes over " .. what .. " that is older than what is delivered", function()
            local lane = leave_behind()
            local spool = new()
            spools.adopt(spool)
            spools.take(spool, 1, 1e6)
            spools.finish(spool)
            spools.close(spool)
            local odd = lane .. "/00000001.log"
            shell("rm -f %s", odd)
            put(command, odd)
            spools.adopt(spool)
            assert.equal(line("two") .. line("three"), take_all(spool))
            shell("test -e %s -o -L %s", odd, odd)
        end)

        it("writes on past " .. what .. " in the way of the next segment", function()
            local spool = new()
            append(spool, "one" .. ("."):rep(150))
            put(command, spool.own.path .. "/00000002.log")
            append(spool, "two" .. ("."):rep(150))
            append(spool, "three" .. ("."):rep(150))
            assert.equal(line("one") .. line("two") .. line("three"), take_all(spool))
        end)

        it("tells of " .. what .. " in place of a position, and takes another lane", function()
            local lane = leave_behind()
            shell("rm %s/position", lane)
            put(command, lane .. "/position")
            local spool = new()
            append(spool, "new")
            assert.not_equal(lane, spool.own.path)
            spools.adopt(spool)
            assert.equal("new\n", take_all(spool))
            assert.matches("^adopt: " .. lane:gsub("%p", "%%%0") .. ": ", told[1])
            assert.is_nil(told[2])
        end)

        it("takes another lane where " .. what .. " has the name of the first", function()
            shell("mkdir %s/sink", FOLDER)
            put(command, FOLDER .. "/sink/1")
            local spool = new()
            append(spool, "new")
            spools.adopt(spool)
            assert.equal("new\n", take_all(spool))
        end)
    end

    it("gives each worker a lane whatever numbers folders have", function()
        shell("mkdir %s/sink", FOLDER)
        for _, name in ipairs({
            ("9"):rep(26), ("1"):rep(400), "0", "01", "999999999", "999999998", "9999999999", "9007199254740993", "1e+26", "-1", "inf", "nan",
        }) do
            -- A name may have 255 letters.
            shell("mkdir -p '%s/sink/%s'", FOLDER, name:sub(1, 255))
        end
        local known = {}
        for index = 1, 5 do
            local spool = new()
            append(spool, "from " .. index)
            assert.is_nil(known[spool.own.path])
            known[spool.own.path] = true
            assert.matches("/sink/[1-9]%d*$", spool.own.path)
        end
        for _, spool in ipairs(opened) do spools.close(spool) end
        local spool = new()
        append(spool, "last")
        spools.adopt(spool)
        assert.equal(6, spool.entries)
        assert.same({}, told)
    end)

    it("passes over files with numbers that it would not have given", function()
        local lane = leave_behind()
        for _, name in ipairs({
            ("9"):rep(26) .. ".log", ("0"):rep(25) .. "9.log", "7.log", "000000007.log", "99999999999.log", "00000000.log", "00000009.log.old",
        }) do
            shell("echo 'rubbish of somebody' > %s/%s", lane, name)
        end
        local spool = new()
        append(spool, "new")
        spools.adopt(spool)
        assert.equal(line("one") .. line("two") .. line("three") .. "new\n", take_all(spool))
        assert.equal("rubbish of somebody\n", content(lane .. "/7.log"))
        assert.same({}, told)
    end)

    it("counts as broken a segment that turns into a folder after it was counted", function()
        leave_behind()
        local spool = new()
        spools.adopt(spool)
        shell("rm %s/00000002.log && mkdir %s/00000002.log", spool.adopted[1].path, spool.adopted[1].path)
        assert.equal(line("one") .. line("three"), take_all(spool))
        assert.equal(1, spool.broken)
    end)

    it("says what is in the way where it cannot make its folder", function()
        for what, command in pairs({ pipe = "mkfifo %s", file = "touch %s" }) do
            shell("rm -rf %s/sink", FOLDER)
            put(command, FOLDER .. "/sink")
            local spool = new()
            local ok, err = spools.append(spool, "new")
            assert.is_nil(ok, what)
            assert.equal("cannot open the folder: Not a directory", err)
        end
    end)
end)

describe("files, in place of which there is something else,", function()
    before_each(function()
        shell("rm -rf %s && mkdir -p %s", FOLDER, FOLDER)
    end)

    for what, command in pairs(ODD) do
        it("are told from " .. what .. " without waiting", function()
            local path = FOLDER .. "/one"
            put(command, path)
            local file, err, is_odd = files.open_plain(path)
            assert.is_nil(file)
            assert.matches("^cannot ", err)
            assert.is_true(is_odd)
            assert.is_nil(files.size_of(path))
        end)
    end

    it("are plain where they are, and not odd where there is none", function()
        shell("printf abc > %s/one", FOLDER)
        local file = assert(files.open_plain(FOLDER .. "/one"))
        files.close(file)
        assert.equal(3, files.size_of(FOLDER .. "/one"))
        assert.same({ nil, "cannot open: No such file or directory", false }, { files.open_plain(FOLDER .. "/two") })
    end)

    it("are read from their beginning, by whatever links, and never waited for", function()
        shell("printf abcdef > %s/one; ln -s one %s/two; mkfifo %s/pipe", FOLDER, FOLDER, FOLDER)
        assert.equal("abc", files.beginning(FOLDER .. "/two", 3))
        assert.same({ nil, "cannot read: Illegal seek" }, { files.beginning(FOLDER .. "/pipe", 3) })
        assert.same({ nil, "cannot read: Is a directory" }, { files.beginning(FOLDER, 3) })
    end)
end)
