-- Renews a server's lease. Answers {1 if it has the lease, else 0; then all leases that have not ended}.
--
-- A lease that ended is never renewed: others may have swept what was entered under it. Its server takes another one.
--
-- KEYS  leases: a sorted set of lease -> when it ends, in ms of this Redis' clock
-- ARGV  lease, for how long in ms, 'new' to begin it
local lease, lasts, begin = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)

local has = begin == 'new' or redis.call('ZSCORE', KEYS[1], lease)
if has then
  redis.call('ZADD', KEYS[1], now + lasts, lease)
end
return { has and 1 or 0, unpack(redis.call('ZRANGE', KEYS[1], 0, -1)) }
