--- Pictures with some bytes changed, converted: nothing but a picture or a problem may come of it.
local pictures = require("spec.support.pictures")

local PROBLEMS = { broken_image = true, unsupported_image = true, image_too_large = true }
local FORMATS = { "jpeg", "png", "webp", "keep" }

local _M = {}

_M.NAMES = {
    "base.jpg", "progressive.jpg", "cmyk.jpg", "inks.jpg", "p3.jpg", "base.png", "interlaced.png", "deep.png", "alpha.png", "p3.png", "base.webp", "lossless.webp",
    "animated.webp", "base.gif", "animated.gif", "base.tif", "lzw.tif", "jpeg.tif", "tiled.tif", "lab.tif", "base.heic", "base.avif",
}

--- One to four changes, most of them in the header.
local function mutated(bytes)
    for _ = 1, math.random(4) do
        local at = math.random(0, math.min(#bytes - 1, math.random(3) == 1 and 1e6 or 400))
        local what = math.random(6)
        if what == 1 then bytes = bytes:sub(1, at) .. bytes:sub(at + 1 + math.random(8))
        elseif what == 2 then bytes = bytes:sub(1, at) .. bytes:sub(math.random(at + 1))
        elseif what == 3 then bytes = bytes:sub(1, at) .. ("\255"):rep(math.random(4)) .. bytes:sub(at + 1 + math.random(4))
        else bytes = bytes:sub(1, at) .. string.char(math.random(0, 255)) .. bytes:sub(at + 2) end
        if bytes == "" then bytes = "\0" end
    end
    return bytes
end

--- Converts so many; how many became pictures, and a line about what went wrong, if anything did. The process may also have ended.
function _M.run(count, seed, on_round)
    math.randomseed(seed)
    local made_ones = 0
    for round = 1, count do
        local bytes = mutated(pictures.read(_M.NAMES[round % #_M.NAMES + 1]))
        local target = pictures.target({ format = FORMATS[math.random(4)], max_side = math.random(1, 100), keeps_profile = math.random(2) == 1, max_pixels = 1e6 })
        if on_round then on_round(round, bytes) end
        local done, made, problem, _, text = pcall(pictures.convert, bytes, target, math.random(2) == 1)
        if not done then return nil, ("seed %d, round %d: %s"):format(seed, round, tostring(made)) end
        if made then made_ones = made_ones + 1
        elseif not PROBLEMS[problem] then return nil, ("seed %d, round %d: %s: %s"):format(seed, round, tostring(problem), tostring(text)) end
        if round % 100 == 0 then collectgarbage() end
    end
    return made_ones
end

return _M
