-- Answers all that is in this Redis, as text in one line.
local read = {
  string = function(key) return redis.call('GET', key) end,
  hash = function(key) return cjson.encode(redis.call('HGETALL', key)) end,
  list = function(key) return cjson.encode(redis.call('LRANGE', key, 0, -1)) end,
  set = function(key) return cjson.encode(redis.call('SMEMBERS', key)) end,
  zset = function(key) return cjson.encode(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')) end,
}
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  all[#all + 1] = key .. ' ' .. read[redis.call('TYPE', key).ok](key)
end
return table.concat(all, ' ')
