"""Who calls whom, and how often, in systems whose services are named as people name them."""

from __future__ import annotations

SYSTEMS: dict[str, dict[str, dict[str, float]]] = {
    "boutique": {
        "frontend": {"adservice": 0.8, "cartservice": 1, "checkoutservice": 0.2, "currencyservice": 2, "productcatalogservice": 2, "recommendationservice": 0.7},
        "checkoutservice": {"cartservice": 1, "currencyservice": 1, "emailservice": 1, "paymentservice": 1, "productcatalogservice": 1, "shippingservice": 1},
        "recommendationservice": {"productcatalogservice": 1}, "cartservice": {"redis-cart": 2},
    },
    "train": {
        "ts-ui-dashboard": {"ts-travel-service": 1, "ts-preserve-service": 0.4, "ts-order-service": 0.5, "ts-auth-service": 0.6, "ts-cancel-service": 0.1},
        "ts-travel-service": {"ts-route-service": 1, "ts-seat-service": 1, "ts-ticketinfo-service": 1, "ts-train-service": 1},
        "ts-preserve-service": {"ts-contacts-service": 1, "ts-security-service": 1, "ts-travel-service": 1, "ts-order-service": 1, "ts-food-service": 0.5},
        "ts-ticketinfo-service": {"ts-basic-service": 1}, "ts-basic-service": {"ts-station-service": 2, "ts-price-service": 1, "ts-route-service": 1},
        "ts-seat-service": {"ts-order-service": 1, "ts-config-service": 1}, "ts-auth-service": {"ts-verification-code-service": 1, "ts-auth-mongo": 1},
        "ts-order-service": {"ts-order-mongo": 1}, "ts-cancel-service": {"ts-inside-payment-service": 1, "ts-order-service": 1},
        "ts-security-service": {"ts-order-service": 1}, "ts-food-service": {"ts-food-map-service": 1}, "ts-inside-payment-service": {"ts-payment-service": 1},
    },
    "social": {
        "nginx-thrift": {"ComposePostService": 0.3, "HomeTimelineService": 1, "UserTimelineService": 0.6},
        "ComposePostService": {"TextService": 1, "UserService": 1, "MediaService": 1, "UniqueIdService": 1, "PostStorageService": 1, "WriteHomeTimelineService": 1},
        "HomeTimelineService": {"PostStorageService": 1, "home-timeline-redis": 1}, "UserTimelineService": {"PostStorageService": 1, "user-timeline-mongodb": 0.5},
        "TextService": {"UrlShortenService": 0.5, "UserMentionService": 0.5}, "PostStorageService": {"post-storage-memcached": 1, "post-storage-mongodb": 0.4},
        "WriteHomeTimelineService": {"SocialGraphService": 1, "home-timeline-redis": 1}, "UserService": {"user-mongodb": 0.5},
        "SocialGraphService": {"social-graph-redis": 1}, "UrlShortenService": {"url-shorten-mongodb": 1},
    },
    "bank": {
        "apache01": {"Tomcat01": 0.5, "Tomcat02": 0.5}, "apache02": {"Tomcat03": 0.5, "Tomcat04": 0.5}, "IG01": {"apache01": 0.5, "apache02": 0.5},
        "Tomcat01": {"Mysql01": 2, "Redis01": 1, "MG01": 1}, "Tomcat02": {"Mysql01": 2, "Redis01": 1, "MG02": 1},
        "Tomcat03": {"Mysql02": 2, "Redis02": 1, "MG01": 1}, "Tomcat04": {"Mysql02": 2, "Redis02": 1, "MG02": 1},
    },
    "claims": {
        "Edge.Gateway": {"PolicySearch": 1, "ClaimIntake": 0.6, "Identity": 1}, "PolicySearch": {"SearchIndex": 2, "RatingEngine": 0.5},
        "ClaimIntake": {"DocumentStore": 1, "FraudCheck": 1, "PolicySearch": 1}, "RatingEngine": {"TariffDb": 3}, "FraudCheck": {"GeoLookup": 1, "ClaimsDb": 2},
        "Identity": {"SessionCache": 1}, "DocumentStore": {"BlobProxy": 1},
    },
    "hotel": {
        "frontend-7d9c6b5f4-x2x9q": {"search-5b6d-abcde": 1, "reservation-66f7d-qwert": 0.3, "recommendation-12ab-zxcvb": 0.5, "user-77aa-poiuy": 0.4},
        "search-5b6d-abcde": {"geo-8c7d-lkjhg": 1, "rate-9d8c-mnbvc": 1}, "geo-8c7d-lkjhg": {"mongodb-geo-0": 0.2}, "rate-9d8c-mnbvc": {"memcached-rate-0": 1, "mongodb-rate-0": 0.3},
        "reservation-66f7d-qwert": {"mongodb-reservation-0": 1, "memcached-reserve-0": 1}, "user-77aa-poiuy": {"mongodb-user-0": 1},
    },
}  # fmt: skip
