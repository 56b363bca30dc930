local buffers = require("string.buffer")
local pages_of = require("resty.openclaw.post_action.pages")

local PAGE_BYTES = 262144

local function numbers(pages)
    local count = 0
    for _ in pairs(pages.pages) do count = count + 1 end
    assert.equal(pages.last - pages.first + 1, count)
    return count
end

describe("post_action pages", function()
    it("give lines back in order, each with its end", function()
        local pages = pages_of.new()
        pages_of.add(pages, "a")
        pages_of.add(pages, buffers.new():put("b", "b"))
        pages_of.add(pages, "")
        assert.equal("a\n", pages_of.take(pages, 2))
        pages_of.add(pages, "ccc")
        assert.equal("bb\n\nccc\n", pages_of.take(pages, 8))
    end)

    it("copy a line, so that its buffer may be used again", function()
        local pages, line = pages_of.new(), buffers.new()
        pages_of.add(pages, line:put("first"))
        pages_of.add(pages, line:reset():put("second"))
        assert.equal("first\nsecond\n", pages_of.take(pages, 13))
    end)

    it("are as many as it takes, and go when they are empty", function()
        local pages = pages_of.new()
        local line = ("x"):rep(PAGE_BYTES / 4 - 1)
        for _ = 1, 9 do pages_of.add(pages, line) end
        assert.equal(3, numbers(pages))
        pages_of.drop(pages, #line + 1)
        assert.equal(3, numbers(pages))
        for _ = 1, 3 do pages_of.drop(pages, #line + 1) end
        assert.equal(2, numbers(pages))
        assert.equal((line .. "\n"):rep(5), pages_of.take(pages, 5 * (#line + 1)))
        assert.equal(1, numbers(pages))
        pages_of.add(pages, "y")
        assert.equal("y\n", pages_of.take(pages, 2))
    end)

    it("have a page for a line that is longer than one", function()
        local pages = pages_of.new()
        local line = ("x"):rep(3 * PAGE_BYTES)
        pages_of.add(pages, "a")
        pages_of.add(pages, line)
        pages_of.add(pages, "b")
        assert.equal(3, numbers(pages))
        assert.equal("a\n" .. line .. "\nb\n", pages_of.take(pages, #line + 5))
        assert.equal(1, numbers(pages))
    end)

    it("hold what a plain list would", function()
        math.randomseed(7)
        local pages, model = pages_of.new(), {}
        for step = 1, 2000 do
            local mood = math.random(10)
            if mood <= 6 then
                local line = step .. ("z"):rep(math.random(0, 40000))
                pages_of.add(pages, line)
                model[#model + 1] = line
            elseif mood <= 8 and #model > 0 then
                pages_of.drop(pages, #table.remove(model, 1) + 1)
            elseif #model > 0 then
                local taken = {}
                for _ = 1, math.random(#model) do taken[#taken + 1] = table.remove(model, 1) .. "\n" end
                local text = table.concat(taken)
                assert.equal(text, pages_of.take(pages, #text))
            end
        end
        assert.is_true(pages.last > 10)
    end)
end)
