"""Field types and the base model of scenario sections; below the devices, whose behaviours declare sections too."""
