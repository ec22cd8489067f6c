"""A clean-up job that locks the carts for as long as it works, again and again."""

from __future__ import annotations

import argparse
import time

import psycopg

__all__ = ["main"]


def main() -> None:
    """Lock, hold, release, wait, until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--hold", type=float, default=1.6)
    parser.add_argument("--every", type=float, default=7.0)
    options = parser.parse_args()
    with psycopg.connect(options.url, application_name="cart-cleanup", autocommit=True) as connection:
        while True:
            with connection.transaction():
                connection.execute("LOCK TABLE carts IN ACCESS EXCLUSIVE MODE")
                connection.execute("DELETE FROM cart_lines WHERE id < 0")
                time.sleep(options.hold)
            time.sleep(options.every - options.hold)


if __name__ == "__main__":
    main()
