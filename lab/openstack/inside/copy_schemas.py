"""Copy databases: `python copy_schemas.py PORT FROM:TO ...`; the password is in LAB_DATABASE_PASSWORD."""

import os
import sys
from typing import Any

import pymysql


def copy(cursor: Any, source: str, target: str) -> None:
    """Every table with its rows into a database that has none of them yet."""
    cursor.execute(f"SHOW TABLES FROM `{source}`")
    tables = [row[0] for row in cursor.fetchall()]
    cursor.execute(f"USE `{target}`")
    for table in tables:
        cursor.execute(f"SHOW CREATE TABLE `{source}`.`{table}`")
        cursor.execute(cursor.fetchone()[1])
        cursor.execute(f"INSERT INTO `{table}` SELECT * FROM `{source}`.`{table}`")


def main() -> None:
    """Copy one after the other; foreign keys may point to what comes later."""
    password = os.environ["LAB_DATABASE_PASSWORD"]
    connection = pymysql.connect(
        host="127.0.0.1", port=int(sys.argv[1]), user="lab", password=password, autocommit=True
    )
    with connection.cursor() as cursor:
        cursor.execute("SET FOREIGN_KEY_CHECKS=0")
        for pair in sys.argv[2:]:
            source, _, target = pair.partition(":")
            copy(cursor, source, target)


if __name__ == "__main__":
    main()
