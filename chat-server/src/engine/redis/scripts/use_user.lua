-- Answers a user's name, or nil. The user lives for another lifetime: its id is not free while it is used.
--
-- KEYS  user
-- ARGV  seconds to live
local name = redis.call('HGET', KEYS[1], 'name')
if name then
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return name
