local kinds = require("resty.openclaw.config.kinds")
local execute = require("spec.support.execute")
local secret_file = require("resty.openclaw.core.files.secret_file")

local PATH = ngx.config.prefix() .. "secret_file_spec"

local function write(text, mode)
    local file = assert(io.open(PATH, "wb"))
    file:write(text)
    file:close()
    execute("chmod " .. (mode or "600") .. " " .. PATH)
end

local function refusal(...)
    local ok, err = pcall(secret_file.read, "spec.key_file", ...)
    assert.is_false(ok)
    return err
end

describe("secret_file", function()
    after_each(function() os.remove(PATH) end)

    it("reads what stands there without the blanks around it", function()
        write("\n secret\r\n")
        assert.equal("secret", secret_file.read("spec.key_file", PATH, 100))
        write("")
        assert.equal("", secret_file.read("spec.key_file", PATH, 100))
        write("one\ntwo\0\n", "640")
        assert.equal("one\ntwo\0", secret_file.read("spec.key_file", PATH, 100))
    end)

    it("reads no more than one byte too many", function()
        write(("s"):rep(100000))
        assert.equal(101, #secret_file.read("spec.key_file", PATH, 100))
    end)

    it("refuses a file that all users may read", function()
        for _, mode in ipairs({ "604", "644", "666", "777" }) do
            write("secret", mode)
            assert.equal("spec.key_file: " .. PATH .. " may be read by all users; chmod it to 600", refusal(PATH, 100))
        end
    end)

    it("refuses a file that is not there", function()
        assert.equal("spec.key_file: cannot read /nonexistent: cannot open: No such file or directory", refusal("/nonexistent", 100))
    end)

    it("is an option that never shows what was given instead of a path", function()
        for _, path in ipairs({ "secret", "", 5, true, {} }) do
            local problems = {}
            kinds.secret_file.read(path, "spec.key_file", problems)
            assert.same({ 'spec.key_file must be an absolute path, beginning with "/"' }, problems)
        end
    end)
end)
