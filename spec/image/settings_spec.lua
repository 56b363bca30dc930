local image = require("resty.openclaw.image")
local vips = require("resty.openclaw.image.conversion.vips")

--- What the plugin says of options; nothing where they are fine.
local function problem_of(options)
    local ok, err = pcall(image.new, options)
    return not ok and tostring(err) or nil
end

describe("the options of image", function()
    it("may be left out", function() assert.is_nil(problem_of({})) end)

    it("are refused with their whole path, what is expected and what is given", function()
        for _, case in ipairs({
            { { quality = 0 }, "image.quality must be a whole number from 1 to 100, got 0" },
            { { max_side = 20000 }, "image.max_side must be a whole number from 1 to 16383, got 20000" },
            { { format = "gif" }, 'image.format must be one of jpeg, png, webp, keep, got "gif"' },
            { { inputs = { "file" } }, 'image.inputs[1] must be one of raw, multipart, json, data_url, got "file"' },
            { { json_field = "width" }, 'image.json_field must be a name without quotes, backslashes and control characters, but not content_type, width or height, got "width"' },
            { { form_field = 'a"b' }, "image.form_field must be a name without quotes, backslashes and control characters" },
            { { keep = { "exif" } }, 'image.keep[1] must be one of icc, got "exif"' },
            { { near = { distance = 40 } }, "image.near.distance must be a whole number from 0 to 16, got 40" },
            { { converted_by = "edge" }, "image.converted_by must be true or a list of identities, got a string" },
            { { remote = {} }, "image.remote.hosts must be a list with at least one entry, got nothing" },
            { { isolate = "vm" }, 'image.isolate must be one of thread, process, got "vm"' },
        }) do
            local problem = problem_of(case[1])
            assert.truthy(problem and problem:find(case[2], 1, true), tostring(problem))
        end
    end)

    it("are refused without libvips, with the name of the package", function()
        local problem_of_library = vips.problem_of_library
        finally(function() vips.problem_of_library = problem_of_library end)
        vips.problem_of_library = function() return "cannot open libvips.so.42: install the package libvips42" end
        assert.truthy(problem_of({}):find("image needs libvips: cannot open libvips.so.42: install the package libvips42", 1, true))
    end)
end)
