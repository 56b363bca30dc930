local disk = require("spec.support.disk")
local execute = require("spec.support.execute")
local file_state = require("resty.openclaw.core.files.file_state")

local shell = disk.shell
local FOLDER = ngx.config.prefix() .. "file_state/"
local PATH = FOLDER .. "one"

local function write(text)
    local file = assert(io.open(PATH, "wb"))
    file:write(text)
    file:close()
end

describe("file_state", function()
    before_each(function() shell("rm -rf %s && mkdir -p %s", FOLDER, FOLDER) end)

    it("is the same as long as nothing changes", function()
        write("one")
        local state = file_state.of(PATH, 100)
        assert.is_true(#state > 0)
        assert.equal(state, file_state.of(PATH, 100))
        assert.is_true(execute("cat " .. PATH .. " >/dev/null"))
        assert.equal(state, file_state.of(PATH, 100))
        shell("chmod 600 %s", PATH)
        assert.are_not.equal(state, file_state.of(PATH, 100))
    end)

    it("is absent where there is nothing", function()
        assert.equal(file_state.ABSENT, file_state.of(PATH, 100))
        shell("ln -s nothing %s", PATH)
        assert.equal(file_state.ABSENT, file_state.of(PATH, 100))
        assert.equal(file_state.ABSENT, file_state.of(PATH .. "/keys", 100))
    end)
end)
