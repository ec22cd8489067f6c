-- request_histograms: points of histograms that measure requests, as written: classic buckets of Prometheus, or bounds and counts.
-- param  $service VARCHAR         one service, or '' for all
-- param  $metric VARCHAR          name of the metric
-- param  $start_ns BIGINT         start of the window
-- param  $end_ns BIGINT           end of the window, not included
-- column service_name VARCHAR     service.name
-- column time_ns BIGINT           time of the point
-- column metric_type VARCHAR      sum (a classic bucket), histogram or exponential_histogram
-- column temporality VARCHAR      cumulative or delta
-- column series VARCHAR           all labels: what tells one series from another
-- column source VARCHAR           attributes of the resource
-- column status VARCHAR           status that the requests of the series ended with, '' where no label says
-- column le VARCHAR               upper bound of a classic bucket
-- column running DOUBLE           its count
-- column bounds DOUBLE[]          upper bounds of a histogram's buckets
-- column bucket_counts BIGINT[]   their counts
-- column scale INTEGER            of an exponential histogram
-- column zero_count BIGINT        of an exponential histogram
-- column positive_offset INTEGER  of an exponential histogram
SELECT
  service_name,
  time_ns,
  metric_type,
  temporality,
  CAST(attributes AS VARCHAR) AS series,
  CAST(resource_attributes AS VARCHAR) AS source,
  COALESCE(
    NULLIF(attributes['http.response.status_code'], ''), NULLIF(attributes['http_response_status_code'], ''),
    NULLIF(attributes['http_status_code'], ''), NULLIF(attributes['http.status_code'], ''), NULLIF(attributes['status_code'], ''),
    NULLIF(attributes['response_code'], ''), NULLIF(attributes['status'], ''), NULLIF(attributes['code'], ''),
    NULLIF(attributes['grpc_code'], ''), NULLIF(attributes['rpc.grpc.status_code'], ''), NULLIF(attributes['error.type'], ''),
    NULLIF(attributes['error_type'], ''), NULLIF(attributes['outcome'], ''), NULLIF(attributes['result'], ''), ''
  ) AS status,
  COALESCE(attributes['le'], '') AS le,
  CAST(value AS DOUBLE) AS running,
  bounds,
  bucket_counts,
  scale,
  zero_count,
  positive_offset
FROM metrics
WHERE metric_name = $metric AND time_ns >= $start_ns AND time_ns < $end_ns AND ($service = '' OR service_name = $service)
  AND metric_type IN ('sum', 'histogram', 'exponential_histogram')
  -- a mesh measures each call on both sides; the side that serves it counts
  AND COALESCE(attributes['reporter'], '') <> 'source'
ORDER BY service_name, series, source, time_ns, running
