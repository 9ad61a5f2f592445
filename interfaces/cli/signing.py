"""Who says something, for those who read it later."""


def signed(reason: str) -> str:
    """With who says so, as far as this machine knows."""
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        return reason
    return f"{reason} ({user})" if reason else f"by {user}"
