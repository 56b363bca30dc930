local execute = require("spec.support.execute")
local keys = require("resty.openclaw.identity.keys")

local PATH = ngx.config.prefix() .. "keys_spec"

local function write(text, mode, path)
    local file = assert(io.open(path or PATH, "wb"))
    file:write(text)
    file:close()
    execute("chmod " .. (mode or "600") .. " " .. (path or PATH))
    return path or PATH
end

local function key(text)
    return keys.new("spec.key_file", write(text))
end

local function refusal(text, mode)
    local ok, err = pcall(keys.new, "spec.key_file", write(text, mode))
    assert.is_false(ok)
    return err
end

describe("identity.keys", function()
    local SECRET = ("secret"):rep(6)

    after_each(function() os.remove(PATH) end)

    it("have an id that tells nothing of them", function()
        local first, second = key(SECRET), key(SECRET .. "x")
        assert.truthy(first.id:find("^%x%x%x%x%x%x%x%x$"))
        assert.not_equal(first.id, second.id)
        assert.equal(first.id, key(SECRET .. "\n").id)
        assert.not_equal(require("resty.openclaw.core.bytes.digest").new("sha256"):of(SECRET):sub(1, 8), first.id)
    end)

    it("sign a claim for a method and an address", function()
        local one, seen = key(SECRET), {}
        for _, parts in ipairs({ { "c", "GET", "/a" }, { "c", "POST", "/a" }, { "c", "GET", "/b" }, { "c", "GET", "/a?b" }, { "d", "GET", "/a" }, { "", "GET", "/ac" }, { "c", "GET/a", "" } }) do
            local signature = keys.sign(one, unpack(parts))
            assert.equal(64, #signature)
            assert.is_nil(seen[signature])
            seen[signature] = true
        end
        assert.equal(keys.sign(one, "c", "GET", "/a"), (keys.sign(one, "c", "HEAD", "/a")))
        assert.not_equal(keys.sign(one, "c", "GET", "/a"), keys.sign(key(SECRET .. "x"), "c", "GET", "/a"))
    end)

    it("are as long as they have to be, and of one word", function()
        assert.equal('spec.key_file must hold 32 to 4096 bytes, got 31', refusal(("s"):rep(31)))
        assert.equal('spec.key_file must hold 32 to 4096 bytes, got 0', refusal(""))
        assert.equal('spec.key_file must hold 32 to 4096 bytes, got 4097', refusal(("s"):rep(10000)))
        for _, text in ipairs({ SECRET .. " " .. SECRET, SECRET .. "\n" .. SECRET, SECRET .. "\0", SECRET .. "\255" }) do
            assert.equal('spec.key_file must hold printable ASCII without blanks only', refusal(text))
        end
        assert.truthy(refusal(SECRET, "644"):find("may be read by all users", 1, true))
    end)

    it("are read from a list, by their ids, each once", function()
        local other = write(SECRET .. "x", "600", PATH .. "_other")
        finally(function() os.remove(other) end)
        local all = keys.read_all("spec.key_files", { write(SECRET), other })
        local ids = {}
        for id, one in pairs(all) do
            assert.equal(id, one.id)
            ids[#ids + 1] = id
        end
        assert.equal(2, #ids)
        local ok, err = pcall(keys.read_all, "spec.key_files", { PATH, other, PATH })
        assert.is_false(ok)
        assert.equal('spec.key_files[3] holds the same key as one before it', err)
    end)
end)
