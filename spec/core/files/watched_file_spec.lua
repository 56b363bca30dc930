local disk = require("spec.support.disk")
local eventually = require("spec.support.eventually")
local file_state = require("resty.openclaw.core.files.file_state")
local files = require("resty.openclaw.core.files.files")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local watched_file = require("resty.openclaw.core.files.watched_file")

local shell = disk.shell
local registry = metric_registry.open("openclaw")
local FOLDER = ngx.config.prefix() .. "watched/"
local PATH = FOLDER .. "keys"

local function write(text, path)
    local file = assert(io.open(path or PATH, "wb"))
    file:write(text)
    file:close()
end

--- Replaces the file by another one, as `mv` does.
local function replace(text)
    write(text, PATH .. ".new")
    assert(os.rename(PATH .. ".new", PATH))
end

describe("watched_file", function()
    local log, sleep, beginning, state_of = ngx.log, ngx.sleep, files.beginning, file_state.of
    local lines, taken, troubles, option, in_between

    --- Texts with "wrong" in them are wrong.
    local function on_text(text)
        if text:find("wrong", 1, true) then return nil, "has no key" end
        taken[#taken + 1] = text
        return #taken
    end

    --- A file in the state after its first look in a worker.
    local function watch(changes)
        local options = {
            registry = registry, plugin = "spec", option = option, path = PATH, most_bytes = 100, on_text = on_text,
            on_trouble = function() troubles = troubles + 1 end,
        }
        for name, value in pairs(changes or {}) do options[name] = value end
        local file = watched_file.new(options)
        watched_file.look_at({ file })
        -- The system's clock for files may tick only each 10 ms.
        sleep(0.02)
        return file
    end

    local function refusal(changes)
        local ok, err = pcall(watch, changes)
        assert.is_false(ok)
        return err
    end

    before_each(function()
        shell("rm -rf %s && mkdir -p %s", FOLDER, FOLDER)
        write("one")
        lines, taken, troubles, in_between = {}, {}, 0, nil
        option = "spec." .. tostring(taken)
        ngx.sleep = function() if in_between then in_between() end end
        ngx.log = function(_, ...)
            local parts = { ... }
            for index = 1, select("#", ...) do parts[index] = tostring(parts[index]) end
            local text = table.concat(parts)
            -- Others of this worker have lines, too.
            if text:sub(1, 5) == "spec:" then lines[#lines + 1] = text end
        end
    end)

    after_each(function()
        ngx.log, ngx.sleep, files.beginning, file_state.of = log, sleep, beginning, state_of
    end)

    it("reads at once, and hands the same text over once", function()
        local file = watch()
        assert.same({ "one" }, taken)
        assert.is_nil(file.trouble)
        assert.is_true(math.abs(file.loaded_at - ngx.time()) < 2)
        for _ = 1, 3 do watched_file.look_at({ file }) end
        write("one")
        watched_file.look_at({ file })
        assert.same({ "one" }, taken)
        assert.same({}, lines)
    end)

    it("does not read what has not changed", function()
        local file = watch()
        files.beginning = function() error("read") end
        for _ = 1, 3 do watched_file.look_at({ file }) end
        assert.same({}, lines)
    end)

    it("refuses a file that is wrong from the start, with the option's path", function()
        write("wrong")
        assert.equal(option .. ": " .. PATH .. ": has no key", refusal())
        write(("x"):rep(101))
        assert.equal(option .. ": " .. PATH .. ": has more than 100 bytes", refusal())
        os.remove(PATH)
        assert.equal(option .. ": " .. PATH .. ": cannot open: No such file or directory", refusal())
        shell("mkdir %s", PATH)
        assert.equal(option .. ": " .. PATH .. ": cannot read: Is a directory", refusal())
        shell("rmdir %s && mkfifo %s", PATH, PATH)
        assert.equal(option .. ": " .. PATH .. ": cannot read: Illegal seek", refusal())
    end)

    it("knows a long text again by all of it, and lets others have their turn meanwhile", function()
        local text = ("x"):rep(16 * 1024 * 1024 - 1)
        local count = 0
        local file = watch({
            most_bytes = 2 ^ 24,
            on_text = function()
                count = count + 1
                return true
            end,
        })
        assert.equal(1, count)
        local pauses = 0
        ngx.sleep = function(seconds) if seconds < 0.1 then pauses = pauses + 1 end end
        for _, ending in ipairs({ "a", "b", "b" }) do
            write(text .. ending)
            watched_file.look_at({ file })
            sleep(0.02)
        end
        assert.equal(3, count)
        assert.is_true(pauses >= 10, pauses)
    end)

    it("takes as many bytes as may be", function()
        write(("x"):rep(100))
        watch()
        assert.same({ ("x"):rep(100) }, taken)
    end)

    for way, change in pairs({
        ["written anew"] = write,
        ["replaced by rename"] = replace,
        ["replaced by a link"] = function(text)
            write(text, FOLDER .. "target")
            shell("ln -sf %starget %s", FOLDER, PATH)
        end,
        ["removed and made again"] = function(text)
            os.remove(PATH)
            write(text)
        end,
        ["written in place, with its times put back"] = function(text)
            shell("touch -r %s %stimes", PATH, FOLDER)
            write(text)
            shell("touch -r %stimes %s", FOLDER, PATH)
        end,
    }) do
        it("sees a file that is " .. way, function()
            local file = watch()
            -- Of the same length, and within the same second.
            change("two")
            watched_file.look_at({ file })
            assert.same({ "one", "two" }, taken)
            change("six")
            watched_file.look_at({ file })
            assert.same({ "one", "two", "six" }, taken)
            assert.same({}, lines)
        end)
    end

    it("sees the folder behind a link change, as Kubernetes changes it", function()
        shell("mkdir %s/first %s/second && ln -s first %s/..data && ln -sf ..data/keys %s", FOLDER, FOLDER, FOLDER, PATH)
        write("one", FOLDER .. "first/keys")
        write("two", FOLDER .. "second/keys")
        local file = watch()
        shell("ln -s second %s/..new && mv -T %s/..new %s/..data && rm -r %s/first", FOLDER, FOLDER, FOLDER, FOLDER)
        watched_file.look_at({ file })
        assert.same({ "one", "two" }, taken)
        assert.same({}, lines)
    end)

    it("reports a wrong text once, and keeps what it had", function()
        local file = watch()
        replace("wrong")
        for _ = 1, 3 do watched_file.look_at({ file }) end
        assert.same({ "one" }, taken)
        assert.equal("has no key", file.trouble)
        local line = "spec: file: " .. option .. ": " .. PATH .. ": has no key; what was read before stays in use"
        assert.same({ line }, lines)
        assert.equal(1, troubles)
        replace("wrong!")
        watched_file.look_at({ file })
        -- Counted, and logged with the next line a minute later.
        assert.equal(2, troubles)
        replace("two")
        watched_file.look_at({ file })
        assert.is_nil(file.trouble)
        assert.same({ "one", "two" }, taken)
    end)

    it("says once that the file is in use again", function()
        local one, other = watch(), watch()
        write("wrong")
        for _, file in ipairs({ one, other }) do watched_file.look_at({ file }) end
        assert.equal(1, #lines)
        sleep(0.02)
        write("two")
        for _, file in ipairs({ one, other }) do watched_file.look_at({ file }) end
        assert.equal(2, #lines)
        assert.equal("spec: file: " .. option .. ": " .. PATH .. ": is in use again", lines[2])
    end)

    it("tries again what could not be read, and reports it once", function()
        local file = watch()
        write("two")
        files.beginning = function() return nil, "cannot open: Too many open files" end
        for _ = 1, 3 do watched_file.look_at({ file }) end
        assert.same({ 1, 1, "cannot open: Too many open files" }, { #lines, troubles, file.trouble })
        files.beginning = beginning
        watched_file.look_at({ file })
        assert.same({ "one", "two" }, taken)
        assert.is_nil(file.trouble)
        -- It is new trouble then.
        sleep(0.02)
        write("three")
        files.beginning = function() return nil, "cannot open: Too many open files" end
        watched_file.look_at({ file })
        assert.equal(2, troubles)
    end)

    it("begins in a worker with what others use, where the file has changed since the start, even if it is unusable now", function()
        local file = watch()
        write("two")
        watched_file.look_at({ file })
        sleep(0.02)
        write("wrong")
        watched_file.look_at({ file })
        assert.same({ "one", "two" }, taken)
        -- What the master has read.
        local forked = {}
        for name, value in pairs(file) do forked[name] = value end
        forked.digest = "another"
        watched_file.catch_up(forked)
        assert.same({ "one", "two", "two" }, taken)
        assert.equal(file.digest, forked.digest)
        watched_file.catch_up(forked)
        assert.equal(3, #taken)
    end)

    it("has no trouble any more when the text of before is back", function()
        local file = watch()
        replace("wrong")
        watched_file.look_at({ file })
        replace("one")
        watched_file.look_at({ file })
        assert.is_nil(file.trouble)
        assert.same({ "one" }, taken)
    end)

    it("reports what several workers see once", function()
        local first, second = watch(), watch()
        replace("wrong")
        watched_file.look_at({ first, second })
        assert.equal(1, troubles)
        assert.equal(1, #lines)
        assert.equal("has no key", second.trouble)
        replace("wrong!")
        watched_file.look_at({ first, second })
        assert.equal(2, troubles)
    end)

    it("keeps what it had while the file is missing, too large or unreadable", function()
        local file = watch()
        for trouble, change in pairs({
            ["cannot open: No such file or directory"] = function() os.remove(PATH) end,
            ["has more than 100 bytes"] = function() write(("x"):rep(101)) end,
            ["cannot read: Is a directory"] = function() shell("rm %s && mkdir %s", PATH, PATH) end,
        }) do
            change()
            for _ = 1, 2 do watched_file.look_at({ file }) end
            assert.equal(trouble, file.trouble)
            shell("rm -rf %s", PATH)
            write("one")
            watched_file.look_at({ file })
            assert.is_nil(file.trouble)
        end
        assert.equal(3, troubles)
        assert.same({ "one" }, taken)
    end)

    it("names the remedy where workers may not read what the master may", function()
        local file = watch()
        files.beginning = function() return nil, "cannot open: Permission denied" end
        file.seen = nil -- as in a worker before its first look
        for _ = 1, 3 do watched_file.look_at({ file }) end
        assert.same({
            "spec: file: " .. option .. ": " .. PATH .. ": cannot open: Permission denied; let the user of nginx's workers "
                .. '(the directive "user") read it, and search its folders; what was read before stays in use',
        }, lines)
        assert.same({ "one" }, taken)
        files.beginning = beginning
        shell("chmod 640 %s", PATH)
        watched_file.look_at({ file })
        assert.is_nil(file.trouble)
    end)

    it("waits until a file has come to rest", function()
        local file = watch()
        write("tw")
        in_between = function() write("two") end
        watched_file.look_at({ file })
        assert.same({ "one" }, taken)
        in_between = nil
        watched_file.look_at({ file })
        assert.same({ "one", "two" }, taken)
    end)

    it("does not mind a file that is missing for a moment", function()
        local file = watch()
        os.remove(PATH)
        in_between = function() write("two") end
        watched_file.look_at({ file })
        in_between = nil
        watched_file.look_at({ file })
        assert.same({ "one", "two" }, taken)
        assert.equal(0, troubles)
    end)

    it("does not hand over what changes while it is read", function()
        local file = watch()
        files.beginning = function(...)
            local text = beginning(...)
            write("three")
            return text
        end
        write("two")
        watched_file.look_at({ file })
        assert.same({ "one" }, taken)
        files.beginning = beginning
        watched_file.look_at({ file })
        assert.same({ "one", "three" }, taken)
    end)

    it("reads a file that never comes to rest all the same", function()
        local file = watch()
        local count = 0
        in_between = function()
            count = count + 1
            replace("text " .. count)
        end
        replace("text")
        for _ = 1, 4 do watched_file.look_at({ file }) end
        assert.same({ "one", "text 4" }, taken)
        assert.equal(0, file.restless)
    end)

    it("never shows what a reader raises", function()
        local file = watch()
        file.options.on_text = function(text) error("cannot read " .. text) end
        replace("secret")
        watched_file.look_at({ file })
        assert.equal("cannot be read: an error inside the gateway", file.trouble)
        for _, line in ipairs(lines) do assert.is_nil(line:find("secret", 1, true)) end
    end)

    it("goes on with other files after an error", function()
        local first, second = watch(), watch()
        first.options.on_trouble = function() error("raised") end
        replace("wrong")
        watched_file.look_at({ first, second })
        assert.equal("has no key", second.trouble)
    end)

    it("goes by the contents where nothing tells of changes", function()
        file_state.of = function(_, most)
            local text = beginning(PATH, most)
            return text == nil and "" or ngx.md5(text)
        end
        local file = watch()
        write("two")
        watched_file.look_at({ file })
        assert.same({ "one", "two" }, taken)
    end)

    it("looks by itself once a second, from when it begins in a worker", function()
        ngx.sleep = sleep
        local file = watched_file.new({
            registry = registry, plugin = "spec", option = option, path = PATH, most_bytes = 100, on_text = on_text,
        })
        watched_file.begin(file)
        watched_file.begin(file)
        replace("two")
        ngx.update_time()
        local began = ngx.now()
        eventually(function() return taken[2] == "two" end, "a change is seen")
        assert.is_true(ngx.now() - began < 2)
        assert.same({ "one", "two" }, taken)
    end)
end)
