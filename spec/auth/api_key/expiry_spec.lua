local expiry = require("resty.openclaw.auth.api_key.expiry")

describe("auth.api_key.expiry", function()
    it("reads moments and days, of which it takes the first moment", function()
        for text, seconds in pairs({
            ["1970-01-01"] = 0, ["1970-01-01T00:00:01Z"] = 1, ["2000-02-29"] = 951782400, ["2027-01-31"] = 1801353600,
            ["2027-01-31T23:59:59Z"] = 1801439999, ["2100-03-01"] = 4107542400, ["9999-12-31T23:59:59Z"] = 253402300799,
        }) do
            assert.equal(seconds, expiry.parse(text), text)
        end
    end)

    it("goes on day by day", function()
        local days, expected, wrong = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }, 0, {}
        for year = 1970, 2110 do
            local is_leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
            for month = 1, 12 do
                local last = days[month] + (month == 2 and is_leap and 1 or 0)
                for day = 1, last do
                    local text = ("%04d-%02d-%02d"):format(year, month, day)
                    if expiry.parse(text) ~= expected then wrong[#wrong + 1] = text end
                    expected = expected + 86400
                end
                local text = ("%04d-%02d-%02d"):format(year, month, last + 1)
                if expiry.parse(text) then wrong[#wrong + 1] = text end
            end
        end
        assert.same({}, wrong)
    end)

    it("takes nothing else", function()
        for _, text in ipairs({
            "", "2027", "2027-1-31", "2027-13-01", "2027-00-01", "2027-02-29", "2100-02-29", "2027-04-31", "2027-01-00", "1969-12-31",
            "2027-01-31T", "2027-01-31T00:00:00", "2027-01-31T24:00:00Z", "2027-01-31T00:60:00Z", "2027-01-31T00:00:60Z",
            "2027-01-31T00:00:00z", "2027-01-31 00:00:00Z", "2027-01-31T00:00:00+00:00", "2027-01-31T00:00:00.5Z", "02027-01-31",
            "2027-01-31Z", "2027-01-31T00:00:00Z ", "-027-01-31", "0x27-01-31", "never", "1801353600",
        }) do
            assert.is_nil(expiry.parse(text), text)
        end
    end)
end)
