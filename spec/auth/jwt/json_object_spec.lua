local json_object = require("resty.openclaw.auth.jwt.json_object")

local LIMITS = { max_depth = 3, max_members = 4, unique_names = true }

describe("auth.jwt.json_object", function()
    it("reads objects", function()
        assert.same({ a = 1, b = { "x", true } }, (json_object.read(' \r\n\t{"a":1,"b":["x",true]} ', LIMITS)))
        assert.same({}, (json_object.read("{}", LIMITS)))
        assert.equal(ngx.null, json_object.read('{"a":null}', LIMITS).a)
    end)

    it("says why it refuses a text", function()
        local refused = {
            [""] = "no_json", ["{"] = "no_json", ["{}{}"] = "no_json", ["{}\0"] = "no_json", ["\239\187\191{}"] = "no_json",
            ['{"a":NaN}'] = "no_json", ['{"a":0x10}'] = "no_json", ['{"a":\'x\'}'] = "no_json", ['{"a":1,}'] = "no_json", ['{"a":"\255"}'] = "no_json",
            ['{"a":"\\ud800"}'] = "no_json", ["[]"] = "no_object", ['"x"'] = "no_object", ["1"] = "no_object", ["null"] = "no_object",
            ['{"a":1,"a":1}'] = "duplicate_name", ['{"a":1,"\\u0061":1}'] = "duplicate_name", ['{"x":{"a":1,"a":1}}'] = "duplicate_name",
            ['{"a":[[[]]]}'] = "too_deep", ['{"a":1,"b":1,"c":1,"d":1,"e":1}'] = "too_many_members",
        }
        for text, why in pairs(refused) do
            local object, err = json_object.read(text, LIMITS)
            assert.is_nil(object, text)
            assert.equal(why, err, text)
        end
    end)

    it("is not touched by other users' settings of cjson", function()
        local cjson = require("cjson.safe")
        cjson.decode_invalid_numbers(true)
        cjson.decode_max_depth(1)
        assert.same({ a = { b = 1 } }, (json_object.read('{"a":{"b":1}}', LIMITS)))
        cjson.decode_max_depth(1000)
    end)
end)
