local disk = require("spec.support.disk")
local files = require("resty.openclaw.core.files.files")
local sinks = require("spec.support.sinks")

local FOLDER = ngx.config.prefix() .. "/post_action_files/"

local content, shell = disk.content, disk.shell

local function sink(path)
    return sinks.open("spec", { type = "file", path = path })
end

describe("post_action file sink", function()
    before_each(function()
        shell("rm -rf %s && mkdir -p %s", FOLDER, FOLDER)
    end)

    it("appends batches, in a file that others may not read", function()
        local path = FOLDER .. "log"
        local log = sink(path)
        assert.equal("sent", (log:send("a\nb\n", 2, math.huge)))
        assert.equal("sent", (log:send("c\n", 1, math.huge)))
        assert.equal("a\nb\nc\n", content(path))
        shell("test $(stat -c %%a %s) = 640", path)
    end)

    it("goes on in a new file when the old one is moved away", function()
        local path = FOLDER .. "log"
        local log = sink(path)
        log:send("a\n", 1, math.huge)
        shell("mv %s %s.1", path, path)
        log:send("b\n", 1, math.huge)
        assert.equal("a\n", content(path .. ".1"))
        assert.equal("b\n", content(path))
    end)

    it("writes large batches whole", function()
        local path = FOLDER .. "log"
        local batch = (("x"):rep(999) .. "\n"):rep(4000)
        assert.equal("sent", (sink(path):send(batch, 4000, math.huge)))
        assert.equal(batch, content(path))
    end)

    it("asks for another try where the file cannot be opened", function()
        local verdict, err = sink(FOLDER .. "none/log"):send("a\n", 1, math.huge)
        assert.equal("retry", verdict)
        assert.equal(FOLDER .. "none/log: cannot open: No such file or directory", err)
        verdict, err = sink(FOLDER):send("a\n", 1, math.huge)
        assert.equal("retry", verdict)
        assert.equal(FOLDER .. ": cannot open: Is a directory", err)
    end)

    it("asks for another try when the disk is full", function()
        local verdict, err = sink("/dev/full"):send("a\n", 1, math.huge)
        assert.equal("retry", verdict)
        assert.equal("/dev/full: cannot write: No space left on device", err)
    end)

    it("does not hang on a pipe that nobody reads", function()
        local path = FOLDER .. "pipe"
        shell("mkfifo %s", path)
        local verdict, err = sink(path):send("a\n", 1, math.huge)
        assert.equal("retry", verdict)
        assert.equal(path .. ": cannot open: No such device or address", err)
    end)

    it("ends a line that was cut short before it goes on", function()
        local path = FOLDER .. "log"
        local file = assert(io.open(path, "wb"))
        file:write('{"id":"1"}\n{"id":')
        file:close()
        local log = sink(path)
        log:send('{"id":"2"}\n', 1, math.huge)
        log:send('{"id":"3"}\n', 1, math.huge)
        assert.equal('{"id":"1"}\n{"id":\n{"id":"2"}\n{"id":"3"}\n', content(path))
    end)

    it("waits for the rest of a line that another worker is writing", function()
        local path = FOLDER .. "log"
        local other = assert(files.open(path, "append"))
        assert.is_true(files.lock(other))
        files.write(other, '{"id":', 6)
        local thread = ngx.thread.spawn(function()
            return (sink(path):send('{"id":"2"}\n', 1, math.huge))
        end)
        ngx.sleep(0.02)
        assert.equal('{"id":', content(path))
        files.write(other, '"1"}\n', 5)
        files.close(other)
        local _, verdict = ngx.thread.wait(thread)
        assert.equal("sent", verdict)
        assert.equal('{"id":"1"}\n{"id":"2"}\n', content(path))
    end)

    it("asks for another try while somebody else keeps the file", function()
        local path = FOLDER .. "log"
        local other = assert(files.open(path, "lock"))
        assert.is_true(files.lock(other))
        local verdict, err = sink(path):send("a\n", 1, 0.01)
        assert.equal("retry", verdict)
        assert.equal(path .. ": cannot lock: another process has it", err)
        files.close(other)
        assert.equal("sent", (sink(path):send("a\n", 1, 0.01)))
        assert.equal("a\n", content(path))
    end)

    it("leaves no descriptors behind", function()
        local log, full = sink(FOLDER .. "log"), sink("/dev/full")
        for _ = 1, 20 do
            log:send("a\n", 1, math.huge)
            full:send("a\n", 1, math.huge)
        end
        local list = io.popen("ls -l /proc/" .. ngx.worker.pid() .. "/fd")
        local open = list:read("*a")
        list:close()
        assert.matches("socket:", open)
        assert.is_nil(open:find("post_action_files", 1, true))
        assert.is_nil(open:find("/dev/full", 1, true))
    end)
end)
