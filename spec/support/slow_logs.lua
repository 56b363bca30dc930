--- The slow logs of the specs. So few seconds are less than the clock can tell, so every request takes as long.
local slow_log = require("resty.openclaw.slow_log")

local NONE = 0.0001

return {
    all = slow_log.new({ seconds = NONE, lines_per_minute = 100000 }),
    timed = slow_log.new({ seconds = 0.1, lines_per_minute = 100000 }),
    limited = slow_log.new({ seconds = NONE, lines_per_minute = 3, dict = "more_figures" }),
}
