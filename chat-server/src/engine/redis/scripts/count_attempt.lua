-- Counts one within a window that begins with the first. Answers {count, ms to the end of the window}.
--
-- KEYS  counter
-- ARGV  window in ms
local count = redis.call('INCR', KEYS[1])
if count == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return { count, redis.call('PTTL', KEYS[1]) }
