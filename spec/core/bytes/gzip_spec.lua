local gzip = require("resty.openclaw.core.bytes.gzip")
local time_slice = require("resty.openclaw.core.time.time_slice")

local PATH = ngx.config.prefix() .. "/packed.gz"

local function unpacked(packed)
    local file = assert(io.open(PATH, "wb"))
    file:write(packed)
    file:close()
    local pipe = io.popen("gzip -dc " .. PATH .. " 2>&1")
    local text = pipe:read("*a")
    pipe:close()
    return text
end

local function noise(bytes)
    local parts = {}
    for index = 1, bytes do
        parts[index] = string.char(math.random(0, 255))
    end
    return table.concat(parts)
end

describe("gzip", function()
    it("writes what gzip reads, one text after the other", function()
        local packer = assert(gzip.new())
        for _, text in ipairs({ "", "a", ("line\n"):rep(100), ("x"):rep(32768), ("y"):rep(32769), noise(100000), noise(65536) }) do
            assert.is_true(text == unpacked(assert(packer:compress(text))))
        end
    end)

    it("makes logs much smaller", function()
        local text = ('{"id":"1","method":"POST","status":200}\n'):rep(10000)
        assert.is_true(#assert(assert(gzip.new()):compress(text)) < #text / 20)
    end)

    it("lets others have their turn", function()
        local packer = assert(gzip.new())
        local turns, done = 0, false
        local thread = ngx.thread.spawn(function()
            while not done do
                turns = turns + 1
                time_slice.yield_now()
            end
        end)
        packer:compress(("x"):rep(32768 * 20))
        done = true
        ngx.thread.wait(thread)
        assert.is_true(turns >= 19)
    end)

    it("starts anew after a text that was broken off", function()
        local packer = assert(gzip.new())
        local thread = ngx.thread.spawn(function() packer:compress(noise(200000)) end)
        ngx.thread.kill(thread)
        assert.equal("whole", unpacked(assert(packer:compress("whole"))))
    end)

    it("frees what it holds", function()
        local pages = function()
            local file = assert(io.open("/proc/self/statm"))
            local resident = file:read("*a"):match("^%d+ (%d+)")
            file:close()
            return tonumber(resident)
        end
        for _ = 1, 50 do assert(gzip.new()) end
        collectgarbage()
        collectgarbage()
        local before = pages()
        for count = 1, 500 do
            assert(gzip.new())
            -- Each time would take long, as there is all of the other specs as well.
            if count % 20 == 0 then collectgarbage() end
        end
        -- Each takes a quarter of a megabyte.
        assert.is_true(pages() - before < 500 * 64 / 4)
    end)
end)
