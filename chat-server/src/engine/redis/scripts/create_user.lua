-- Makes a user, unless its id is taken. Answers 1 if it is the caller's now, also when it was asked twice.
--
-- KEYS  user
-- ARGV  name, the caller's claim: a text that only this caller has, seconds to live
local name, claim, lifetime = unpack(ARGV)
if redis.call('HSETNX', KEYS[1], 'claim', claim) == 0 then
  return redis.call('HGET', KEYS[1], 'claim') == claim and 1 or 0
end
redis.call('HSET', KEYS[1], 'name', name)
redis.call('EXPIRE', KEYS[1], lifetime)
return 1
