"""BEST over publish/subscribe: which topics, names and passwords a platform's broker expects (mqtt profiles)."""
