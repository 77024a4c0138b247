-- Has a room live on that somebody is in, whether it was written to or not.
--
-- KEYS  meta, stream
-- ARGV  seconds after which a room that nobody wrote to is forgotten, and one that was written to; '0' for never
local unwritten, written = unpack(ARGV)
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('EXPIRE', KEYS[1], unwritten)
elseif written ~= '0' then
  redis.call('EXPIRE', KEYS[1], written)
  redis.call('EXPIRE', KEYS[2], written)
else
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
end
return 1
