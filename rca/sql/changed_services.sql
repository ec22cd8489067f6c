-- changed_services: services that changes name.
-- column service_name VARCHAR  service
SELECT DISTINCT service_name
FROM changes
WHERE service_name <> ''
ORDER BY service_name
