local header = require("resty.openclaw.deadline.header")

local CAME_AT = 1763842316.5

local function given(text, skew)
    return header.seconds_given(text, CAME_AT, skew or 2)
end

describe("deadline.header", function()
    it("takes the difference where the sender says its time, whatever that is", function()
        assert.equal(10, given("1763842326;sent=1763842316"))
        assert.equal(10, given("1763845926;sent=1763845916"))
        assert.equal(10.25, given("10.5;sent=0.25"))
        assert.equal(-5, given("10;sent=15"))
        assert.equal(0, given("0;sent=0"))
        assert.equal(9999999999, given("9999999999;sent=0"))
    end)

    it("takes the own clock and the tolerance else", function()
        assert.equal(10, given("1763842324.5"))
        assert.equal(8, given("1763842324.5", 0))
        assert.equal(-1.5, given("1763842313"))
        assert.is_true(given("0") < -1e9)
    end)

    it("takes nothing else", function()
        for _, text in ipairs({
            "", " ", "x", "-1", "+1", "1e3", "0x10", "nan", "NaN", "inf", "-inf", "1,5", "1.", ".5", "1.2.3", "1 ", " 1", "1;", "1; sent=1", "1;sent=", "1;sent=x", "1;sent=-1", "1;sent=nan",
            "1;sent=1;sent=2", "1;SENT=1", "1;seen=1", "1;sent=1 ", "1, 2", "1;sent=1, 2;sent=1", ";sent=1", "sent=1", "1;sent", "1\n", "1\0", "1;sent=1\0",
            "17638423160", "1763842316000", ("9"):rep(400), "1.0000001", "1;sent=17638423160", "1." .. ("0"):rep(400), "1;sent=." , ".;sent=1", "1%2e5", "\239\188\145",
        }) do
            assert.is_nil(given(text), text)
        end
    end)

    it("reads what it writes", function()
        assert.equal("1763842326.250;sent=1763842316.125", header.write(1763842316.125, 10.125))
        for _, seconds in ipairs({ 0.001, 0.5, 300, 86400 }) do
            assert.is_true(math.abs(given(header.write(ngx.now(), seconds)) - seconds) < 0.0015)
        end
    end)
end)
