-- Gives a user another name, if there is such a user. It lives no longer for it.
--
-- KEYS  user
-- ARGV  name
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'name', ARGV[1])
end
return 1
