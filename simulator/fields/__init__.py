"""What scenario sections are made of; below the devices, whose behaviours declare sections of their own."""
