local ____exports = {}
local ipairs = ipairs
--- The value below which a share of the observations lies, as Prometheus' histogram_quantile() estimates it: it finds the bucket
-- of the value, and interpolates linearly inside. The lowest bucket begins at 0. The last bucket has no upper bound: its lower
-- bound is returned. Nothing without observations.
-- Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
-- 
-- @param share above 0
-- @param counts for each bucket, not cumulative; one more than there are bounds
local function quantile(share, counts, bounds)
    local total = 0
    for ____, count in ipairs(counts) do
        total = total + count
    end
    if not (total > 0) or #bounds == 0 then
        return nil
    end
    local rank = share * total
    local below = 0
    for place = 1, #bounds do
        local count = counts[place]
        local upper = bounds[place]
        if below + count >= rank then
            if place == 1 and upper <= 0 then
                return upper
            end
            local lower = place == 1 and 0 or bounds[place - 2 + 1]
            return lower + (upper - lower) * (rank - below) / count
        end
        below = below + count
    end
    return bounds[#bounds]
end
____exports.quantile = quantile
return ____exports
