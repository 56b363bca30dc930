local names = require("resty.openclaw.image.conversion.body_images.names")

describe("names in forms", function()
    it("keeps plain names of files, with the extension of the new type", function()
        for _, case in ipairs({
            { "a.jpg", "image/jpeg", "a.jpg" }, { "a.JPEG", "image/jpeg", "a.JPEG" }, { "a.png", "image/jpeg", "a.jpg" }, { "a.jpg", "image/png", "a.png" },
            { "a", "image/webp", "a.webp" }, { "a.b.c", "image/gif", "a.b.gif" }, { "Küche 1 (2).heic", "image/jpeg", "Küche 1 (2).jpg" },
            { "a.tif", "image/tiff", "a.tif" }, { "cam_01+x-2.avif", "image/avif", "cam_01+x-2.avif" }, { "a.", "image/png", "a..png" },
        }) do
            assert.equal(case[3], names.file_name_of(case[1], case[2]))
        end
    end)

    it("gives a name of its own where there is none, or one that may mean more", function()
        for _, name in ipairs({ "", "../a.jpg", "/etc/a.jpg", "a/b.jpg", "C:\\a.jpg", ".htaccess", "..", "-rf.jpg", 'a".jpg', "a;b.jpg", "a%22.jpg", "a\r\nb.jpg", "a\nb",
            "a\0.jpg", "a\127", "a\255.jpg", "\195", ("x"):rep(201), '"UTF-8\'\'a.jpg', 'a.jpg"UTF-8\'\'b.jpg', "a:b", "a<b>" }) do
            assert.equal("image.jpg", names.file_name_of(name, "image/jpeg"), name)
        end
        assert.equal("image.png", names.file_name_of(nil, "image/png"))
        assert.equal("image.bin", names.file_name_of(nil, "application/octet-stream"))
    end)

    it("knows which fields a form may have", function()
        for _, name in ipairs({ "", "a", "a b", "a[0].b", "é", "a;b", "a=b", "%22", ("x"):rep(1024) }) do assert.is_true(names.is_form_name(name), name) end
        for _, name in ipairs({ 'a"', "a\\", "a\r\nX: y", "\n", "\0", "\127", ("x"):rep(1025) }) do assert.is_false(names.is_form_name(name), name) end
    end)
end)
