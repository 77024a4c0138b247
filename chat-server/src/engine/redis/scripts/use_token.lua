-- Answers whose token it is, or nil. The token lives for another lifetime.
--
-- KEYS  token
-- ARGV  seconds to live
return redis.call('GETEX', KEYS[1], 'EX', ARGV[1])
