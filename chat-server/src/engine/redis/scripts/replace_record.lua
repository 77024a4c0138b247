-- Replaces a record if it says what the caller believes. Answers 1 if it did, else 0.
--
-- KEYS  record
-- ARGV  what it is believed to say, '' for none; what it is to say, '' for none; for how long in ms, '' for ever
local believed, new, lifetime = unpack(ARGV)
if (redis.call('GET', KEYS[1]) or '') ~= believed then
  return 0
end
if new == '' then
  redis.call('DEL', KEYS[1])
elseif lifetime == '' then
  redis.call('SET', KEYS[1], new)
else
  redis.call('SET', KEYS[1], new, 'PX', lifetime)
end
return 1
