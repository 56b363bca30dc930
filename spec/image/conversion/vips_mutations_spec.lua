local mutations = require("spec.support.picture_mutations")
local pictures = require("spec.support.pictures")

describe("2,000 mutations of pictures", function()
    it("become pictures or problems, and leave no memory behind", function()
        local seed = os.time() % 1e6
        -- What is loaded and kept once.
        assert(mutations.run(400, seed))
        collectgarbage()
        local before = pictures.resident()
        local made, err = mutations.run(1600, seed + 1)
        assert.is_nil(err)
        assert.is_true(made > 100 and made < 1500, made .. " became pictures, seed " .. seed)
        collectgarbage()
        collectgarbage()
        assert.is_true(pictures.resident() < before * 1.1, ("%d KB, then %d KB, seed %d"):format(before, pictures.resident(), seed))
    end)
end)
