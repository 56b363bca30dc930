local conversion = require("resty.openclaw.image.conversion")
local c_memory = require("resty.openclaw.core.memory.c_memory")
local ffi = require("ffi")
local images = require("spec.support.images")

local PLAN = {
    inputs = { "raw", "multipart", "json", "data_url" }, json_field = "image", send = "raw", most_images = 2, max_bytes = 1000000,
    max_pixels = 1000000, max_side = 64, format = "jpeg", quality = 85, keeps_profile = false,
    formats = { "image/jpeg", "image/png" }, wants_hash = true, takes_addresses = false,
}

local function plan(changes) return setmetatable(changes, { __index = PLAN }) end

--- The answer to an order for that body in memory, and the new body.
local function run(body, its_plan, content_type, fetched)
    local memory = c_memory.allocate(#body)
    ffi.copy(memory, body, #body)
    local answer = conversion.run({
        plan = its_plan or PLAN, bytes = #body, memory = c_memory.address_of(memory), content_type = content_type, fetched = fetched,
    })
    local made
    if answer.memory then
        local its_memory = c_memory.take_over(answer.memory)
        made = ffi.string(its_memory, answer.bytes)
        c_memory.free(its_memory)
    end
    c_memory.free(memory)
    return answer, made
end

--- The modules that a module imports, itself included, by the text of the compiled files.
local function imports_of(name, known)
    if known[name] then return known end
    local path = assert(package.searchpath(name, package.path))
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    known[name] = text
    for imported in text:gmatch('require%("(resty%.openclaw[%w_.]*)"%)') do imports_of(imported, known) end
    return known
end

describe("a conversion", function()
    it("needs nothing of nginx", function()
        local count = 0
        for name, text in pairs(imports_of("resty.openclaw.image.conversion", {})) do
            count = count + 1
            for line in text:gmatch("[^\n]+") do
                local code = line:gsub("%-%-.*", "")
                assert.is_nil(code:match("%f[%w_]ngx%."), name .. ": " .. line)
                assert.is_nil(code:match('require%("resty%.core'), name .. ": " .. line)
            end
        end
        assert.is_true(count > 20)
    end)

    it("says what it has made, and frees what it has used", function()
        local png = images.read("rgb.png")
        local answer, made = run(png)
        assert.is_nil(answer.problem)
        assert.equal("image/jpeg", answer.content_type)
        assert.equal("\255\216\255", made:sub(1, 3))
        assert.same({ "image/png", #png, #made }, { answer.images[1].source_type, answer.images[1].source_bytes, answer.images[1].bytes })
        assert.truthy(answer.hash:match("^%x+$") and #answer.hash == 16)
        assert.equal("", answer.rest)
        assert.is_true(answer.seconds > 0 and answer.seconds < 60)
    end)

    it("tells apart what bodies ask beside their image", function()
        local base64 = ngx.encode_base64(images.read("rgb.png"))
        local function rest_of(text, its_plan)
            local answer = run(text, its_plan, "application/json")
            assert.is_nil(answer.problem, answer.message)
            return answer.rest
        end
        for _, send in ipairs({ "raw", "json", "multipart" }) do
            local its_plan = plan({ send = send })
            local count = rest_of('{"image":"' .. base64 .. '","prompt":"count"}', its_plan)
            assert.equal(count, rest_of('{"image":"' .. base64:sub(1, -1) .. '","prompt":"count"}', its_plan))
            assert.not_equal(count, rest_of('{"image":"' .. base64 .. '","prompt":"color"}', its_plan))
            assert.not_equal(count, rest_of('{"image":"' .. base64 .. '"}', its_plan))
        end
        assert.is_nil(rest_of('{"image":"' .. base64 .. '","prompt":"' .. ("x"):rep(70000) .. '"}', plan({ send = "json" })))
    end)

    it("refuses images over the limits, each by its code", function()
        local png = images.read("rgb.png")
        local function problem(...) return (run(...)).problem end
        assert.equal("body_too_large", problem(png, plan({ max_bytes = #png - 1 })))
        assert.equal("image_too_large", problem(png, plan({ max_pixels = 1 })))
        assert.equal("unsupported_media_type", problem(png, plan({ formats = { "image/jpeg" } })))
        assert.equal("broken_image", problem(png:sub(1, -20)))
        assert.equal("no_image", problem("{}", nil, "application/json"))
    end)

    it("names the addresses of images, and takes what was fetched from them", function()
        local png = images.read("rgb.png")
        local function chat(url) return ('{"messages":[{"content":[{"type":"image_url","image_url":{"url":"%s"}}]}]}'):format(url) end
        local text = chat("https://example.com/a.png")
        assert.equal("remote_refused", (run(text, nil, "application/json")).problem)
        local answer = run(text, plan({ takes_addresses = true }), "application/json")
        assert.same({ "https://example.com/a.png" }, answer.addresses)
        local memory = c_memory.allocate(#png)
        ffi.copy(memory, png, #png)
        local fetched = { { address = "https://example.com/a.png", memory = c_memory.address_of(memory), bytes = #png } }
        local _, made = run(text, plan({ takes_addresses = true }), "application/json", fetched)
        assert.equal(chat("data:image/jpeg;base64,"):sub(1, 60), made:sub(1, 60))
        c_memory.free(memory)
    end)

    it("leaves a chat without an image as it is", function()
        assert.is_true((run('{"messages":[{"content":"hello"}]}', nil, "application/json")).is_untouched)
    end)

    it("reads a body from an open file, and leaves the file open", function()
        local files = require("resty.openclaw.core.files.files")
        local png = images.read("rgb.png")
        local path = os.tmpname()
        local file = assert(io.open(path, "wb"))
        file:write(png)
        file:close()
        local fd = assert(files.open(path, "read"))
        local answer = conversion.run({ plan = PLAN, bytes = #png, file = fd })
        assert.equal("image/jpeg", answer.content_type)
        c_memory.free(c_memory.take_over(answer.memory))
        assert.equal("failed", conversion.run({ plan = PLAN, bytes = #png + 1, file = fd }).problem)
        assert.equal(#png, files.size(fd))
        files.close(fd)
        os.remove(path)
    end)
end)
