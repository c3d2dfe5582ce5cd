-- Grants leases of tokens and counts the replicas that ask. All times are microseconds of this server's clock.
-- KEYS: the set of replicas, then one bucket each (when it will be full again).
-- ARGV: the replica, how long it counts after it was last seen; then for each bucket: tokens wanted, interval,
-- tolerance, how far ahead the bucket was when last heard of (used where its key was lost), and what to move it by
-- (tokens spent without a lease, less tokens given back).
-- Returns the number of replicas; then for each bucket: tokens granted, how far ahead it is now.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local reply = {redis.call('ZCARD', KEYS[1])}
for i = 2, #KEYS do
  local at = 5 * i - 7
  local want, interval, tolerance = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local full_at = tonumber(redis.call('GET', KEYS[i])) or now + ARGV[at + 3]
  full_at = math.max(math.max(full_at, now) + ARGV[at + 4], now)
  -- The fraction makes up for what a division of doubles loses; a full bucket grants its whole burst.
  local granted = math.max(0, math.min(want, math.floor((tolerance - (full_at - now)) / interval + 1e-6)))
  full_at = math.ceil(full_at + granted * interval)
  -- Kept ten seconds after it is full, so that a key which is not there and was ahead of now has been lost.
  local kept_ms = math.ceil((full_at - now) / 1000) + 10000
  redis.call('SET', KEYS[i], string.format('%.0f', full_at), 'PX', string.format('%.0f', kept_ms))
  reply[#reply + 1] = granted
  reply[#reply + 1] = full_at - now
end
return reply
