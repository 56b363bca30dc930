local files = require("resty.openclaw.core.files.files")
local leftovers = require("resty.openclaw.image.helper_process.leftovers")
local spawning = require("resty.openclaw.image.helper_process.spawn")

describe("the folder of helper processes", function()
    local first = leftovers.PARENTS[1]

    after_each(function() leftovers.PARENTS[1] = first end)

    it("is in another place where the first one takes none", function()
        leftovers.PARENTS[1] = "/proc"
        local folder = assert(spawning.make_folder())
        assert.truthy(folder:find("^/dev/shm/openclaw%-image%-"))
        assert.is_nil(files.remove_folder(folder))
    end)

    it("cannot be made where no place takes one, and why is said of each", function()
        local second = leftovers.PARENTS[2]
        leftovers.PARENTS[1], leftovers.PARENTS[2] = "/proc", "/nowhere"
        local folder, err = spawning.make_folder()
        leftovers.PARENTS[2] = second
        assert.is_nil(folder)
        assert.truthy(err:find("cannot make /proc/openclaw-image-XXXXXX: No such file or directory", 1, true), err)
        assert.truthy(err:find("cannot make /nowhere/openclaw-image-XXXXXX: No such file or directory", 1, true), err)
    end)

    it("goes with what helpers that were killed have left in any of the places", function()
        leftovers.PARENTS[1] = "/proc"
        local folder = assert(spawning.make_folder())
        files.close(assert(leftovers.lock(folder .. "/image_a_place_1")))
        leftovers.remove()
        assert.is_true(files.is_gone(folder))
    end)
end)

describe("the lock of a helper process", function()
    it("has its name only when it holds, so that nobody takes it for a leftover", function()
        local folder = assert(spawning.make_folder())
        local path = folder .. "/image_a_place_1"
        local lock = files.lock
        files.lock = function(file)
            files.lock = lock
            leftovers.remove()
            return lock(file)
        end
        local held = leftovers.lock(path)
        assert.equal(lock, files.lock)
        assert.is_false(files.is_gone(leftovers.lock_path(path)))
        leftovers.remove()
        assert.is_false(files.is_gone(folder))
        files.close(held)
        leftovers.remove()
        assert.is_true(files.is_gone(folder))
    end)
end)

describe("a process", function()
    it("is ended only if it is the helper at that path", function()
        local _, problem = spawning.spawn(("/tmp/%s"):format(("x"):rep(200)), "/tmp")
        assert.truthy(problem:find("is too long", 1, true))
        -- This process would not go on.
        spawning.kill(ngx.worker.pid(), "/tmp/openclaw-image-abcdef/image_a_place_1")
    end)

    it("is not started where nothing can listen, and the folder is named as the reason", function()
        local pid, problem, needs_folder = spawning.spawn("/nowhere/image_a_place_1", "/nowhere")
        assert.is_nil(pid)
        assert.same("/nowhere/image_a_place_1.lock: cannot open: No such file or directory", problem)
        assert.is_true(needs_folder)
    end)
end)
